"""The S3 emulator: a server on 127.0.0.1 with a week of made-up marketplace files, and what a person adds."""

"""Work that makes no table, as ops of jobs: one op, one file, the same name."""

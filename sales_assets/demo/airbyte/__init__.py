"""The Airbyte emulator: a small server with the endpoints that this project uses, started on first use.

It lets `make dev` run the whole graph without an account. It is not used where `AIRBYTE_URL` is set.
"""

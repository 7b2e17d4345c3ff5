"""The stand-in for Airbyte: a small server with the endpoints of the real one, started on first use.

It lets `make dev` run the whole graph without an account; nothing here is used where `AIRBYTE_URL` is set.
"""

"""The embedded ERP: a real PostgreSQL, installed by pip and filled with made-up sales."""

"""The embedded ERP: a real PostgreSQL from a wheel, filled with made-up sales."""

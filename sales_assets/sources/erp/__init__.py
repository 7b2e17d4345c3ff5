"""The ERP's PostgreSQL: the resource that reads it, and the queries in `sql/`."""

-- The role's privileges on the tables that the pipeline reads; null for a table that does not exist.
select
    required.name,
    has_table_privilege(to_regclass(required.name), 'SELECT') as may_read,
    has_table_privilege(to_regclass(required.name), 'INSERT, UPDATE, DELETE, TRUNCATE') as may_write
from unnest($1::text[]) as required (name)
order by required.name

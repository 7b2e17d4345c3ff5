-- The tables that exist: before the first order there is none.
select lower(table_name) as name
from information_schema.tables
where lower(table_schema) in ('raw', 'gold')

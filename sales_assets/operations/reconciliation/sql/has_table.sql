-- Whether the warehouse has a table; names in lower case.
select count(*) as found
from information_schema.tables
where lower(table_schema) = ? and lower(table_name) = ?

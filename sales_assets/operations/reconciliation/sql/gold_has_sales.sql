-- Whether the table of sales in gold exists.
select count(*) as found
from information_schema.tables
where lower(table_schema) = 'gold' and lower(table_name) = 'fct_orders'

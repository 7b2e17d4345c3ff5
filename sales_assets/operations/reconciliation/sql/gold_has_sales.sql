-- Whether gold has its table of sales yet.
select count(*) as found
from information_schema.tables
where lower(table_schema) = 'gold' and lower(table_name) = 'fct_orders'

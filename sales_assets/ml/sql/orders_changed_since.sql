-- How many orders were placed by a week's Sunday (the first ?) and changed at or after the first instant after
-- it in UTC (the second ?): what they were at its end is not stored, so no feature counts them.
select count(*) as order_count
from gold.fct_orders
where customer_id is not null and order_date <= ? and updated_at >= ?

-- The customers who ordered on a business day in [?, ?).
select distinct customer_id
from gold.fct_orders
where customer_id is not null and order_date >= ? and order_date < ?

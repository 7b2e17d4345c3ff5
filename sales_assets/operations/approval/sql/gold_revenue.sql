-- Revenue of the sales in gold of the business days [?, ?).
select cast(coalesce(sum(total_amount), 0) as varchar) as revenue
from gold.fct_orders
where order_date >= ? and order_date < ?

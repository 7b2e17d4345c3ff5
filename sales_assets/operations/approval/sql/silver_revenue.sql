-- Revenue of the validated sales of [?, ?), which are instants in UTC.
select cast(coalesce(sum(total_amount), 0) as varchar) as revenue
from silver.silver_enriched_orders
where order_date >= ? and order_date < ?

-- Number and amount of the orders in silver, by quarter of an hour in [?, ?). In every time zone a business day
-- begins at one, so that days can be summed from them without an engine's own functions for time zones.
select
    date_trunc('hour', order_date) as full_hour,
    cast(floor(extract(minute from order_date) / 15) as integer) as quarter,
    count(*) as sales,
    cast(sum(total_amount) as varchar) as total_amount
from silver.silver_enriched_orders
where order_date >= ? and order_date < ?
group by 1, 2

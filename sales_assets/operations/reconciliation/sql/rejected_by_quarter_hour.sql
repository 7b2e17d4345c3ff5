-- Number and amount of the rejected orders, by quarter of an hour in [?, ?), and how many have no amount.
select
    date_trunc('hour', order_date) as full_hour,
    cast(floor(extract(minute from order_date) / 15) as integer) as quarter,
    count(*) as sales,
    cast(coalesce(sum(total_amount), 0) as varchar) as total_amount,
    count(*) - count(total_amount) as without_amount
from raw.rejected_orders
where order_date >= ? and order_date < ?
group by 1, 2

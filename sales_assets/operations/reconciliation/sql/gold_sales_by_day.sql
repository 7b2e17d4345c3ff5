-- Number and amount of the sales in gold, by business day in [?, ?).
select
    cast(order_date as varchar) as day,
    count(*) as sales,
    cast(sum(total_amount) as varchar) as total_amount
from gold.fct_orders
where order_date >= ? and order_date < ?
group by order_date

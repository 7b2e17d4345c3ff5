-- The ERP's sales since a business day (the ?) by day, segment and city; their currency is that of daily_sales.
select
    orders.order_date,
    daily.channel,
    daily.currency,
    coalesce(orders.segment, 'unknown') as segment,
    coalesce(orders.city, 'unknown') as city,
    count(*) as order_count,
    sum(orders.total_amount) as total_amount
from gold.fct_orders as orders
inner join gold.daily_sales as daily
    on orders.order_date = daily.order_date and daily.channel = 'erp'
where orders.order_date >= ?
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5

-- Number and amount of the ERP's sales in the mart, by business day in [?, ?).
select
    cast(order_date as varchar) as day,
    cast(sum(order_count) as bigint) as sales,
    cast(sum(total_amount) as varchar) as total_amount
from gold.daily_sales
where order_date >= ? and order_date < ? and channel = 'erp'
group by order_date

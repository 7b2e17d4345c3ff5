-- Revenue of the ERP by business day and segment of the customer: what a forecast is made from.
select
    order_date,
    coalesce(segment, 'unknown') as segment,
    cast(sum(total_amount) as double) as revenue
from gold.fct_orders
group by 1, 2
order by 1, 2

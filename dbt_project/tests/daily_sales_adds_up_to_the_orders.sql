{{ config(meta={'dagster': {'ref': {'name': 'daily_sales'}}}) }}

-- Every order is in exactly one day: the ERP's channel has the counts and amounts of its orders, day by day.
with

orders as (

    select
        order_date,
        count(*) as order_count,
        sum(total_amount) as total_amount
    from {{ built('fct_orders') }}
    group by order_date

),

days as (

    select *
    from {{ ref('daily_sales') }}
    where channel = 'erp'

)

select
    orders.order_date,
    days.order_date as day_of_sales
from orders
full outer join days
    on orders.order_date = days.order_date
where
    orders.order_count is distinct from days.order_count
    or orders.total_amount is distinct from days.total_amount

{{ config(meta={
    'dagster': {'ref': {'name': 'daily_sales'}},
    'description': 'The channel erp has number and amount of the orders in fct_orders, for each business day',
}) }}

-- For each business day, the channel erp has the number and amount of the orders in fct_orders.
with

orders_by_day as (

    select
        order_date,
        count(*) as order_count,
        sum(total_amount) as total_amount
    from {{ ref_or_empty('fct_orders') }}
    group by order_date

),

erp_sales as (

    select *
    from {{ ref('daily_sales') }}
    where channel = 'erp'

)

select
    orders_by_day.order_date,
    erp_sales.order_date as daily_sales_date
from orders_by_day
full outer join erp_sales
    on orders_by_day.order_date = erp_sales.order_date
where
    orders_by_day.order_count is distinct from erp_sales.order_count
    or orders_by_day.total_amount is distinct from erp_sales.total_amount

{{ config(meta={
    'dagster': {'ref': {'name': 'city_performance'}},
    'description': 'For each month, all cities together have number and amount of the orders in fct_orders',
}) }}

-- For each month, all cities together have number and amount of the orders in fct_orders.
with

orders_by_month as (

    select
        cast({{ date_trunc('month', 'order_date') }} as date) as month,
        count(*) as order_count,
        sum(total_amount) as revenue
    from {{ ref('fct_orders') }}
    group by 1

),

cities_by_month as (

    select
        month,
        sum(order_count) as order_count,
        sum(revenue) as revenue
    from {{ ref('city_performance') }}
    group by 1

)

select
    orders_by_month.month,
    cities_by_month.month as month_of_cities
from orders_by_month
full outer join cities_by_month
    on orders_by_month.month = cities_by_month.month
where
    orders_by_month.order_count is distinct from cities_by_month.order_count
    or orders_by_month.revenue is distinct from cities_by_month.revenue

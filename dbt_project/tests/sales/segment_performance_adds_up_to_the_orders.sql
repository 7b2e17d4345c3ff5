{{ config(meta={
    'dagster': {'ref': {'name': 'segment_performance'}},
    'description': 'For each month, all segments together have number and amount of the orders in fct_orders',
}) }}

-- For each month, all segments together have number and amount of the orders in fct_orders.
with

orders_by_month as (

    select
        cast({{ date_trunc('month', 'order_date') }} as date) as month,
        count(*) as order_count,
        sum(total_amount) as revenue
    from {{ ref('fct_orders') }}
    group by 1

),

segments_by_month as (

    select
        month,
        sum(order_count) as order_count,
        sum(revenue) as revenue
    from {{ ref('segment_performance') }}
    group by 1

)

select
    orders_by_month.month,
    segments_by_month.month as month_of_segments
from orders_by_month
full outer join segments_by_month
    on orders_by_month.month = segments_by_month.month
where
    orders_by_month.order_count is distinct from segments_by_month.order_count
    or orders_by_month.revenue is distinct from segments_by_month.revenue

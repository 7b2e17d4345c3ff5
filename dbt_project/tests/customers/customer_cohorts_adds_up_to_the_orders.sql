{{ config(meta={
    'dagster': {'ref': {'name': 'customer_cohorts'}},
    'description': 'For each month, all cohorts together have number and amount of the orders with a customer',
}) }}

-- For each month, all cohorts together have number and amount of the orders that have a customer.
with

orders_by_month as (

    select
        cast({{ date_trunc('month', 'order_date') }} as date) as month,
        sum(case when customer_id is not null then 1 else 0 end) as order_count,
        sum(case when customer_id is not null then total_amount else 0 end) as revenue
    from {{ ref('fct_orders') }}
    group by 1

),

cohorts_by_month as (

    select
        month,
        sum(order_count) as order_count,
        sum(revenue) as revenue
    from {{ ref('customer_cohorts') }}
    group by 1

)

select
    orders_by_month.month,
    cohorts_by_month.month as month_of_cohorts
from orders_by_month
full outer join cohorts_by_month
    on orders_by_month.month = cohorts_by_month.month
where
    coalesce(orders_by_month.order_count, 0) != coalesce(cohorts_by_month.order_count, 0)
    or coalesce(orders_by_month.revenue, 0) != coalesce(cohorts_by_month.revenue, 0)

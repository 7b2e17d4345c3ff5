{{ config(meta={
    'dagster': {'ref': {'name': 'payments_reconciliation'}},
    'description': 'Every order is classified once, with its own amount',
}) }}

-- Every order is classified once, with its own amount: for each business day, number and amount are equal.
with

orders_by_day as (

    select
        order_date,
        count(*) as order_count,
        sum(total_amount) as total_amount
    from {{ ref('fct_orders') }}
    group by order_date

),

classified_by_day as (

    select
        order_date,
        count(*) as order_count,
        sum(order_amount) as total_amount
    from {{ ref('payments_reconciliation') }}
    group by order_date

)

select
    orders_by_day.order_date,
    classified_by_day.order_date as classified_date
from orders_by_day
full outer join classified_by_day
    on orders_by_day.order_date = classified_by_day.order_date
where
    orders_by_day.order_count is distinct from classified_by_day.order_count
    or orders_by_day.total_amount is distinct from classified_by_day.total_amount

{{ config(meta={'dagster': {'ref': {'name': 'payments_reconciliation'}}}) }}

-- Every order is judged once, with its own amount: counts and amounts are equal, day by day.
with

orders as (

    select
        order_date,
        count(*) as order_count,
        sum(total_amount) as total_amount
    from {{ ref('fct_orders') }}
    group by order_date

),

judged as (

    select
        order_date,
        count(*) as order_count,
        sum(order_amount) as total_amount
    from {{ ref('payments_reconciliation') }}
    group by order_date

)

select
    orders.order_date,
    judged.order_date as judged_day
from orders
full outer join judged
    on orders.order_date = judged.order_date
where
    orders.order_count is distinct from judged.order_count
    or orders.total_amount is distinct from judged.total_amount

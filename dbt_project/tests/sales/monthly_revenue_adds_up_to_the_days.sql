{{ config(meta={
    'dagster': {'ref': {'name': 'monthly_revenue'}},
    'description': 'Each month has the orders and revenue of its days',
}) }}

-- The total of all months equals the total of all business days of the channel erp.
with

daily_total as (

    select sum(total_amount) as total_amount
    from {{ ref('daily_sales') }}
    where channel = 'erp'

),

monthly_total as (

    select sum(total_amount) as total_amount from {{ ref('monthly_revenue') }}

)

select
    monthly_total.total_amount,
    daily_total.total_amount as daily_total_amount
from monthly_total
cross join daily_total
where monthly_total.total_amount is distinct from daily_total.total_amount

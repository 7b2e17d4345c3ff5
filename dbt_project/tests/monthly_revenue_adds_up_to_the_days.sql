{{ config(meta={'dagster': {'ref': {'name': 'monthly_revenue'}}}) }}

-- Months and days of the ERP tell the same total.
with

days as (

    select sum(total_amount) as total_amount
    from {{ ref('daily_sales') }}
    where channel = 'erp'

),

months as (

    select sum(total_amount) as total_amount from {{ ref('monthly_revenue') }}

)

select months.total_amount
from months
cross join days
where months.total_amount is distinct from days.total_amount

{{ config(meta={
    'dagster': {'ref': {'name': 'monthly_revenue'}},
    'description': 'Each month has the revenue of its days, by channel and currency, and the orders of the ERP',
}) }}

-- By month, channel and currency, revenue is that of the business days. So are the ERP's orders; a
-- marketplace's order may have lines on two days.
with

days_by_month as (

    select
        cast({{ date_trunc('month', 'order_date') }} as date) as month,
        channel,
        currency,
        sum(order_count) as order_count,
        sum(total_amount) as total_amount
    from {{ ref('daily_sales') }}
    group by 1, 2, 3

),

months as (

    select * from {{ ref('monthly_revenue') }}

)

select
    months.month,
    days_by_month.month as month_of_days
from months
full outer join days_by_month
    on
        months.month = days_by_month.month
        and months.channel = days_by_month.channel
        and months.currency = days_by_month.currency
where
    months.total_amount is distinct from days_by_month.total_amount
    or (
        coalesce(months.channel, days_by_month.channel) = 'erp'
        and months.order_count is distinct from days_by_month.order_count
    )

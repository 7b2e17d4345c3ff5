{{ config(meta={
    'dagster': {'ref': {'name': 'sales_anomalies'}},
    'description': 'For each business day, channel and currency, all segments together have the revenue of daily_sales',
}) }}

-- For each day, channel and currency, all segments together have the revenue of daily_sales, or no revenue.
with

segments_by_day as (

    select
        order_date,
        channel,
        currency,
        sum(actual) as total_amount
    from {{ ref('sales_anomalies') }}
    group by order_date, channel, currency

),

days as (

    select * from {{ ref('daily_sales') }}

)

select
    days.order_date,
    segments_by_day.order_date as day_of_segments
from days
full outer join segments_by_day
    on
        days.order_date = segments_by_day.order_date
        and days.channel = segments_by_day.channel
        and days.currency = segments_by_day.currency
where coalesce(days.total_amount, 0) != coalesce(segments_by_day.total_amount, 0)

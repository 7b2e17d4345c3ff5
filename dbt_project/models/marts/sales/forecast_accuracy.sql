with

forecasts as (

    select * from {{ source_or_empty('forecasts', 'sales_forecast') }}

),

orders as (

    select * from {{ ref_or_empty('fct_orders') }}

),

sales as (

    select
        order_date,
        cast(coalesce(segment, 'unknown') as varchar) as segment,
        sum(total_amount) as revenue
    from orders
    group by 1, 2

),

-- A day without any order is not known: it may not have been loaded.
known_days as (

    select
        order_date,
        cast('total' as varchar) as segment,
        sum(revenue) as revenue
    from sales
    group by 1

),

actuals as (

    select * from sales
    union all
    select * from known_days

),

judged as (

    select
        forecasts.forecast_date,
        forecasts.segment,
        forecasts.model,
        forecasts.forecast,
        coalesce(actuals.revenue, 0) as actual,
        coalesce(actuals.revenue, 0) between forecasts.lower_80 and forecasts.upper_80 as is_in_80,
        coalesce(actuals.revenue, 0) between forecasts.lower_95 and forecasts.upper_95 as is_in_95
    from forecasts
    inner join known_days
        on forecasts.day = known_days.order_date
    left join actuals
        on
            forecasts.day = actuals.order_date
            and forecasts.segment = actuals.segment

),

summed as (

    select
        forecast_date,
        segment,
        model,
        cast(count(*) as integer) as day_count,
        cast(sum(forecast) as decimal(38, 4)) as forecast,
        cast(sum(actual) as decimal(38, 4)) as actual,
        cast(
            sum(cast(abs(forecast - actual) as double)) / nullif(sum(cast(actual as double)), 0)
            as decimal(38, 4)
        ) as wape,
        cast(
            sum(cast(forecast - actual as double)) / nullif(sum(cast(actual as double)), 0) as decimal(38, 4)
        ) as bias,
        cast(avg(case when is_in_80 then 1.0 else 0.0 end) as decimal(38, 4)) as coverage_80,
        cast(avg(case when is_in_95 then 1.0 else 0.0 end) as decimal(38, 4)) as coverage_95
    from judged
    group by 1, 2, 3

)

select * from summed

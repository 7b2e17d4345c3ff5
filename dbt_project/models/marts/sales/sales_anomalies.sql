{# What is judged, and by how many usual deviations a day is high or low; see the model's description. -#}
{% set weeks = 8 -%}
{% set least_days = 28 -%}
{% set recent_days = 28 -%}
{% set limit = 6 -%}
{# Of a normal distribution, the middle 80 % are as wide as 3.8 median absolute deviations. -#}
{% set deviations_in_80 = 3.8 -%}

with

orders as (

    select * from {{ ref_or_empty('fct_orders') }}

),

sales_by_channel as (

    select * from {{ ref('daily_sales') }}

),

calendar as (

    select * from {{ ref_or_empty('dim_dates') }}

),

forecasts as (

    select * from {{ source_or_empty('forecasts', 'sales_forecast') }}

),

-- What was last said of a day before it came.
latest_forecasts as (

    select
        day,
        segment,
        forecast_date,
        forecast,
        upper_80 - lower_80 as width_80,
        row_number() over (partition by day, segment order by forecast_date desc) as nth_latest
    from forecasts
    where forecast_date <= day

),

sales as (

    select
        order_date,
        cast('erp' as varchar) as channel,
        {{ erp_currency() }} as currency,
        cast(coalesce(segment, 'unknown') as varchar) as segment,
        cast(sum(total_amount) as decimal(38, 4)) as revenue
    from orders
    group by 1, 2, 3, 4
    union all
    select
        order_date,
        channel,
        currency,
        cast('all' as varchar) as segment,
        total_amount as revenue
    from sales_by_channel
    where channel != 'erp'

),

-- A marketplace whose files come late has no zeros yet.
last_days as (

    select
        channel,
        max(order_date) as last_day
    from sales
    group by 1

),

series as (

    select
        row_number() over (order by sales.channel, sales.currency, sales.segment) as series_id,
        sales.channel,
        sales.currency,
        sales.segment,
        min(sales.order_date) as first_day,
        max(last_days.last_day) as last_day
    from sales
    inner join last_days
        on sales.channel = last_days.channel
    group by 2, 3, 4

),

days as (

    select date_day from calendar
    union distinct
    select order_date as date_day from sales

),

-- A day without a sale is a row with zero.
days_of_series as (

    select
        series.series_id,
        cast({{ datediff('series.first_day', 'days.date_day', 'day') }} as integer) as day_number,
        days.date_day as order_date,
        series.channel,
        series.currency,
        series.segment,
        cast(coalesce(sales.revenue, 0) as decimal(38, 4)) as actual
    from series
    inner join days
        on
            series.first_day <= days.date_day
            and series.last_day >= days.date_day
    left join sales
        on
            series.channel = sales.channel
            and series.currency = sales.currency
            and series.segment = sales.segment
            and days.date_day = sales.order_date

),

offsets as (

    {{ generate_series(7 * weeks) }}

),

-- Computed before the join: otherwise every day is joined with every other day of its series.
days_before as (

    select
        days_of_series.series_id,
        days_of_series.day_number,
        cast(offsets.generated_number as integer) as days_ago,
        days_of_series.day_number - cast(offsets.generated_number as integer) as day_number_before
    from days_of_series
    cross join offsets

),

-- For each day, the days of the weeks before it; weekday 0 is its own weekday.
history as (

    select
        days_before.series_id,
        days_before.day_number,
        days_before.days_ago,
        mod(days_before.days_ago, 7) as weekday,
        cast(days_of_series.actual as double) as revenue
    from days_before
    inner join days_of_series
        on
            days_before.series_id = days_of_series.series_id
            and days_before.day_number_before = days_of_series.day_number

),

weekdays as (

    select
        series_id,
        day_number,
        weekday,
        median(revenue) as revenue_of_weekday
    from history
    group by 1, 2, 3

),

baselines as (

    select
        history.series_id,
        history.day_number,
        count(*) as day_count,
        sum(case when history.revenue = 0 then 1 else 0 end) as days_without_sale,
        max(case when history.weekday = 0 then weekdays.revenue_of_weekday end) as revenue_of_weekday,
        median(history.revenue) as level_of_weeks,
        median(case when history.days_ago <= {{ recent_days }} then history.revenue end)
            as level_of_recent_days,
        median(abs(history.revenue - weekdays.revenue_of_weekday)) as deviation
    from history
    inner join weekdays
        on
            history.series_id = weekdays.series_id
            and history.day_number = weekdays.day_number
            and history.weekday = weekdays.weekday
    group by 1, 2

),

expectations as (

    select
        days_of_series.*,
        coalesce(baselines.day_count, 0) as history_days,
        coalesce(baselines.day_count, 0) >= {{ least_days }}
        and baselines.days_without_sale * 2 <= baselines.day_count as is_judged,
        latest_forecasts.forecast_date,
        coalesce(
            cast(latest_forecasts.forecast as double),
            baselines.revenue_of_weekday * baselines.level_of_recent_days
            / nullif(baselines.level_of_weeks, 0)
        ) as expected,
        -- Where revenue hardly ever varies, one percent of a day's revenue is what varies usually.
        greatest(
            coalesce(
                cast(latest_forecasts.width_80 as double) / {{ deviations_in_80 }}, baselines.deviation
            ),
            0.01 * baselines.level_of_weeks
        ) as usual_deviation
    from days_of_series
    left join baselines
        on
            days_of_series.series_id = baselines.series_id
            and days_of_series.day_number = baselines.day_number
    left join latest_forecasts
        on
            days_of_series.order_date = latest_forecasts.day
            and days_of_series.segment = latest_forecasts.segment
            and days_of_series.channel = 'erp'
            and latest_forecasts.nth_latest = 1

),

scored as (

    select
        order_date,
        channel,
        currency,
        segment,
        actual,
        history_days,
        forecast_date,
        is_judged,
        cast(case when is_judged then expected end as decimal(38, 4)) as expected,
        cast(case when is_judged then usual_deviation end as decimal(38, 4)) as usual_deviation,
        cast(case when is_judged then (actual - expected) / usual_deviation end as decimal(38, 4)) as score
    from expectations

),

with_verdict as (

    select
        *,
        cast(case
            when not is_judged then 'not_judged'
            when score > {{ limit }} then 'high'
            when score < -{{ limit }} then 'low'
            else 'normal'
        end as varchar) as verdict
    from scored

),

with_reason as (

    select
        order_date,
        channel,
        currency,
        segment,
        actual,
        expected,
        usual_deviation,
        score,
        verdict,
        cast(case
            when history_days < {{ least_days }} then 'Not judged: less than four weeks of history.'
            when verdict = 'not_judged' then 'Not judged: more than half of the days before had no sale.'
            else
                'Revenue of ' || cast(cast(actual as decimal(38, 2)) as varchar) || ' ' || currency || ' is '
                || cast(cast(abs(actual - expected) as decimal(38, 2)) as varchar)
                || case when actual < expected then ' less' else ' more' end || ' than the '
                || cast(cast(expected as decimal(38, 2)) as varchar)
                || case
                    when forecast_date is null then ' that were to be expected, '
                    else ' of the forecast of ' || cast(forecast_date as varchar) || ', '
                end
                || cast(cast(abs(score) as decimal(38, 1)) as varchar) || ' times the usual deviation.'
        end as varchar) as reason
    from with_verdict

)

select * from with_reason

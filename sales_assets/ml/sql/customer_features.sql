-- What was known of each customer at the end of one week, for those who ordered in the 52 weeks before it.
-- The ?: the week's Monday, its Sunday, and the first instant after it in UTC. An order counts as it is stored
-- if it was placed by then and has not changed since: what it was before a later change is not stored.
with bounds as (
    select
        cast(? as date) as week,
        cast(? as date) as last_day,
        cast(? as timestamp) as known_before
),

known_orders as (
    select
        bounds.week,
        orders.customer_id,
        datediff('day', orders.order_date, bounds.last_day) as age_days,
        orders.gross_amount,
        orders.total_amount
    from gold.fct_orders as orders
    cross join bounds
    where
        orders.customer_id is not null
        and orders.order_date <= bounds.last_day
        and orders.updated_at < bounds.known_before
),

by_customer as (
    select
        week,
        customer_id,
        count(*) as orders,
        min(age_days) as recency_days,
        max(age_days) as tenure_days,
        sum(case when age_days < 28 then 1 else 0 end) as orders_4w,
        sum(case when age_days < 84 then 1 else 0 end) as orders_12w,
        sum(case when age_days < 364 then 1 else 0 end) as orders_52w,
        sum(case when age_days < 28 then total_amount else 0 end) as revenue_4w,
        sum(case when age_days < 84 then total_amount else 0 end) as revenue_12w,
        sum(case when age_days < 364 then total_amount else 0 end) as revenue_52w,
        sum(case when age_days < 364 then gross_amount else 0 end) as gross_52w
    from known_orders
    group by week, customer_id
)

select
    week,
    customer_id,
    cast(recency_days as integer) as recency_days,
    cast(tenure_days as integer) as tenure_days,
    cast(orders_4w as integer) as orders_4w,
    cast(orders_12w as integer) as orders_12w,
    cast(orders_52w as integer) as orders_52w,
    cast(revenue_4w as double) as revenue_4w,
    cast(revenue_12w as double) as revenue_12w,
    cast(revenue_52w as double) as revenue_52w,
    cast(revenue_52w as double) / orders_52w as average_basket,
    case
        when gross_52w > 0 then cast(gross_52w - revenue_52w as double) / cast(gross_52w as double)
        else 0.0
    end as discount_share,
    case when orders > 1 then cast(tenure_days - recency_days as double) / (orders - 1) end
        as days_between_orders
from by_customer
where recency_days < 364
order by customer_id

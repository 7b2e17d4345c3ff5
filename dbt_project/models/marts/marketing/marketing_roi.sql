with

orders as (

    select * from {{ ref('fct_orders') }}

),

accounts as (

    select * from {{ ref('stg_accounts') }}

),

ad_spend as (

    select * from {{ ref('stg_ad_spend') }}

),

-- A customer with several accounts counts for the channel of the lowest account ID.
customer_channels as (

    select
        customer_id,
        channel
    from accounts
    qualify row_number() over (partition by customer_id order by account_id) = 1

),

first_orders as (

    select
        customer_id,
        min(order_date) as order_date
    from orders
    where customer_id is not null
    group by 1

),

spend_by_month as (

    select
        cast({{ date_trunc('month', 'spend_date') }} as date) as month,
        coalesce(channel, 'unknown') as channel,
        sum(amount) as spend,
        0 as revenue,
        0 as order_count,
        0 as new_customer_count
    from ad_spend
    where {{ in_erp_currency('currency') }}
    group by 1, 2

),

sales as (

    select
        cast({{ date_trunc('month', 'orders.order_date') }} as date) as month,
        coalesce(customer_channels.channel, 'unknown') as channel,
        0 as spend,
        orders.total_amount as revenue,
        1 as order_count,
        0 as new_customer_count
    from orders
    left join customer_channels
        on orders.customer_id = customer_channels.customer_id

),

new_customers as (

    select
        cast({{ date_trunc('month', 'first_orders.order_date') }} as date) as month,
        coalesce(customer_channels.channel, 'unknown') as channel,
        0 as spend,
        0 as revenue,
        0 as order_count,
        1 as new_customer_count
    from first_orders
    left join customer_channels
        on first_orders.customer_id = customer_channels.customer_id

),

unioned as (

    select * from spend_by_month
    union all
    select * from sales
    union all
    select * from new_customers

),

by_month_and_channel as (

    select
        month,
        cast(channel as varchar) as channel,
        cast(sum(spend) as decimal(38, 4)) as spend,
        cast(sum(revenue) as decimal(38, 4)) as revenue,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(new_customer_count) as bigint) as new_customer_count,
        cast(sum(revenue) / nullif(sum(spend), 0) as decimal(38, 4)) as revenue_per_spend
    from unioned
    group by 1, 2

)

select * from by_month_and_channel

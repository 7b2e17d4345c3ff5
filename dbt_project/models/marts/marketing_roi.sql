with

orders as (

    select
        *,
        cast({{ date_trunc('month', 'order_date') }} as date) as month
    from {{ ref('fct_orders') }}

),

accounts as (

    select * from {{ ref('stg_accounts') }}

),

spend as (

    select *
    from {{ ref('stg_ad_spend') }}
    where {{ in_erp_currency('currency') }}

),

-- A customer who has several accounts was won by the channel of the one that comes first.
channels as (

    select
        customer_id,
        channel
    from accounts
    qualify row_number() over (partition by customer_id order by account_id) = 1

),

first_orders as (

    select
        customer_id,
        min(month) as month
    from orders
    where customer_id is not null
    group by customer_id

),

spent as (

    select
        cast({{ date_trunc('month', 'spend_date') }} as date) as month,
        coalesce(channel, 'unknown') as channel,
        amount as spend,
        0 as revenue,
        0 as order_count,
        0 as new_customer_count
    from spend

),

sold as (

    select
        orders.month,
        coalesce(channels.channel, 'unknown') as channel,
        0 as spend,
        orders.total_amount as revenue,
        1 as order_count,
        0 as new_customer_count
    from orders
    left join channels
        on orders.customer_id = channels.customer_id

),

won as (

    select
        first_orders.month,
        coalesce(channels.channel, 'unknown') as channel,
        0 as spend,
        0 as revenue,
        0 as order_count,
        1 as new_customer_count
    from first_orders
    left join channels
        on first_orders.customer_id = channels.customer_id

),

facts as (

    select * from spent
    union all
    select * from sold
    union all
    select * from won

),

by_channel_and_month as (

    select
        month,
        cast(channel as varchar) as channel,
        cast(sum(spend) as decimal(38, 4)) as spend,
        cast(sum(revenue) as decimal(38, 4)) as revenue,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(new_customer_count) as bigint) as new_customer_count,
        cast(sum(revenue) / nullif(sum(spend), 0) as decimal(38, 4)) as revenue_per_spend
    from facts
    group by month, channel

)

select * from by_channel_and_month

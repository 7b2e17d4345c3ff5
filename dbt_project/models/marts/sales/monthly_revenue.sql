with

orders as (

    select * from {{ ref_or_empty('fct_orders') }}

),

marketplace_lines as (

    select * from {{ ref('stg_marketplace_orders') }}

),

erp_revenue as (

    select
        cast({{ date_trunc('month', 'order_date') }} as date) as month,
        cast('erp' as varchar) as channel,
        {{ erp_currency() }} as currency,
        cast(count(*) as bigint) as order_count,
        cast(count(distinct customer_id) as bigint) as customer_count,
        cast(sum(gross_amount) as decimal(38, 4)) as gross_amount,
        cast(sum(discount_amount) as decimal(38, 4)) as discount_amount,
        cast(sum(total_amount) as decimal(38, 4)) as total_amount
    from orders
    group by 1

),

marketplace_revenue as (

    select
        cast({{ date_trunc('month', 'order_date') }} as date) as month,
        channel,
        currency,
        cast(count(distinct order_id) as bigint) as order_count,
        cast(count(distinct customer_email) as bigint) as customer_count,
        cast(sum(amount) as decimal(38, 4)) as gross_amount,
        cast(0 as decimal(38, 4)) as discount_amount,
        cast(sum(amount) as decimal(38, 4)) as total_amount
    from marketplace_lines
    group by 1, 2, 3

),

unioned as (

    select * from erp_revenue
    union all
    select * from marketplace_revenue

)

select * from unioned

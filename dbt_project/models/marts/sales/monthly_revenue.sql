with

orders as (

    select * from {{ ref('fct_orders') }}

),

orders_by_month as (

    select
        cast({{ date_trunc('month', 'order_date') }} as date) as month,
        cast(count(*) as bigint) as order_count,
        cast(count(distinct customer_id) as bigint) as customer_count,
        cast(sum(gross_amount) as decimal(38, 4)) as gross_amount,
        cast(sum(discount_amount) as decimal(38, 4)) as discount_amount,
        cast(sum(total_amount) as decimal(38, 4)) as total_amount
    from orders
    group by 1

)

select * from orders_by_month

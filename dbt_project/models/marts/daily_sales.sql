with

orders as (

    select * from {{ ref('fct_orders') }}

),

by_day as (

    select
        order_date,
        cast(count(*) as bigint) as order_count,
        cast(count(distinct customer_id) as bigint) as customer_count,
        cast(sum(line_count) as bigint) as line_count,
        cast(sum(gross_amount) as decimal(38, 4)) as gross_amount,
        cast(sum(discount_amount) as decimal(38, 4)) as discount_amount,
        cast(sum(total_amount) as decimal(38, 4)) as total_amount
    from orders
    group by order_date

)

select * from by_day

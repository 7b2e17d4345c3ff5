with

orders as (

    select * from {{ ref('fct_orders') }}

),

-- Not today's date, so that the same orders give the same rows whenever they are built.
latest_day as (

    select max(order_date) as as_of_date
    from orders

),

sales_by_customer as (

    select
        customer_id,
        count(*) as order_count,
        sum(total_amount) as revenue,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        count(distinct order_date) as frequency
    from orders
    where customer_id is not null
    group by customer_id

),

lifetime_value as (

    select
        sales_by_customer.customer_id,
        cast(sales_by_customer.order_count as bigint) as order_count,
        cast(sales_by_customer.revenue as decimal(38, 4)) as revenue,
        sales_by_customer.first_order_date,
        sales_by_customer.last_order_date,
        cast({{ date_trunc('month', 'sales_by_customer.first_order_date') }} as date) as cohort_month,
        cast(
            {{ datediff('sales_by_customer.last_order_date', 'latest_day.as_of_date', 'day') }} as integer
        ) as recency_days,
        cast(sales_by_customer.frequency as bigint) as frequency,
        cast(sales_by_customer.revenue / sales_by_customer.order_count as decimal(38, 4)) as monetary_value,
        latest_day.as_of_date
    from sales_by_customer
    cross join latest_day

)

select * from lifetime_value

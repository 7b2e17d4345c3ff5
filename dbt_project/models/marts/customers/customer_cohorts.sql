with

orders as (

    select * from {{ ref('fct_orders') }}

),

customers as (

    select * from {{ ref('customer_lifetime_value') }}

),

cohorts as (

    select
        cohort_month,
        count(*) as cohort_size
    from customers
    group by 1

),

months as (

    select distinct cast({{ date_trunc('month', 'order_date') }} as date) as month
    from orders

),

sales as (

    select
        customers.cohort_month,
        cast({{ date_trunc('month', 'orders.order_date') }} as date) as month,
        count(distinct orders.customer_id) as customer_count,
        count(*) as order_count,
        sum(orders.total_amount) as revenue
    from orders
    inner join customers
        on orders.customer_id = customers.customer_id
    group by 1, 2

),

-- A month in which nobody of the cohort ordered is a row too: averages over cohorts would be too high.
cohorts_by_month as (

    select
        cohorts.cohort_month,
        months.month,
        cast({{ datediff('cohorts.cohort_month', 'months.month', 'month') }} as integer)
            as months_since_first_order,
        cast(cohorts.cohort_size as bigint) as cohort_size,
        cast(coalesce(sales.customer_count, 0) as bigint) as customer_count,
        cast(coalesce(sales.customer_count, 0) / cohorts.cohort_size as decimal(38, 4)) as retention,
        cast(coalesce(sales.order_count, 0) as bigint) as order_count,
        cast(coalesce(sales.revenue, 0) as decimal(38, 4)) as revenue
    from cohorts
    inner join months
        on cohorts.cohort_month <= months.month
    left join sales
        on
            cohorts.cohort_month = sales.cohort_month
            and months.month = sales.month

)

select * from cohorts_by_month

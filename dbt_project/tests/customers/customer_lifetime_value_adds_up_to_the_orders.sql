{{ config(meta={
    'dagster': {'ref': {'name': 'customer_lifetime_value'}},
    'description': 'Each customer has number and amount of their orders in fct_orders',
}) }}

-- Each customer has number and amount of their orders in fct_orders, and nobody is missing.
with

orders_by_customer as (

    select
        customer_id,
        count(*) as order_count,
        sum(total_amount) as revenue
    from {{ ref('fct_orders') }}
    where customer_id is not null
    group by customer_id

),

customers as (

    select * from {{ ref('customer_lifetime_value') }}

)

select
    orders_by_customer.customer_id,
    customers.customer_id as valued_customer_id
from orders_by_customer
full outer join customers
    on orders_by_customer.customer_id = customers.customer_id
where
    orders_by_customer.order_count is distinct from customers.order_count
    or orders_by_customer.revenue is distinct from customers.revenue

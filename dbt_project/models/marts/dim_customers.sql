with

customers as (

    select * from {{ ref('stg_customers') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by customer_id
            order by updated_at desc, snapshot_date desc
        ) as recency
    from customers

),

latest as (

    select
        customer_id,
        email,
        first_name,
        last_name,
        city,
        segment,
        updated_at
    from ranked
    where recency = 1

)

select * from latest

with

customers as (

    select * from {{ ref('stg_customers') }}

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
    from customers
    qualify row_number() over (
        partition by customer_id
        order by updated_at desc, snapshot_date desc
    ) = 1

)

select * from latest

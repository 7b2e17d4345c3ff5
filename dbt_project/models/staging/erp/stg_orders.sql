{{ config(tags=['daily']) }}

with

orders as (

    select * from {{ source('silver', 'silver_enriched_orders') }}

),

renamed as (

    select
        order_id,
        customer_id,
        {{ stored_business_day(source('silver', 'silver_enriched_orders'), 'order_date') }} as order_date,
        order_date as ordered_at,
        status,
        gross_amount,
        gross_amount - total_amount as discount_amount,
        total_amount,
        line_count,
        city,
        segment,
        updated_at
    from orders

)

select * from renamed

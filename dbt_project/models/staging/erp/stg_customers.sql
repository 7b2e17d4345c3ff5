{{ config(tags=['daily']) }}

with

customers as (

    select * from {{ source('raw', 'raw_customers') }}

),

renamed as (

    select
        id as customer_id,
        email,
        first_name,
        last_name,
        city,
        segment,
        updated_at,
        snapshot_date
    from customers

)

select * from renamed

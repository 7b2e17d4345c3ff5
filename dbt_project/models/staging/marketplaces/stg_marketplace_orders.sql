with

orders as (

    select * from {{ source_or_empty('raw', 'raw_marketplace_orders') }}

),

renamed as (

    select
        order_id,
        lower(trim(marketplace)) as channel,
        {{ business_date('order_date') }} as order_date,
        order_date as ordered_at,
        lower(trim(customer_email)) as customer_email,
        sku,
        qty,
        unit_price,
        cast(qty * unit_price as decimal(38, 4)) as amount,
        upper(currency) as currency,
        source_file
    from orders

)

select * from renamed

{{
    config(
        materialized='incremental',
        incremental_strategy='replace_window',
        unique_key='order_date',
        on_schema_change='append_new_columns',
        tags=['daily'],
    )
}}

with

orders as (

    select * from {{ ref('stg_orders') }}

),

orders_in_window as (

    select
        order_id,
        customer_id,
        order_date,
        ordered_at,
        status,
        gross_amount,
        cast(discount_amount as decimal(18, 4)) as discount_amount,
        total_amount,
        line_count,
        city,
        segment,
        updated_at
    from orders
    {% if is_incremental() -%}
        where {{ in_window('order_date') }}
    {%- endif %}

)

select * from orders_in_window

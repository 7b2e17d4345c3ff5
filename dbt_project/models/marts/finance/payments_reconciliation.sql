with

orders as (

    select * from {{ ref('fct_orders') }}

),

charges as (

    select * from {{ ref('stg_charges') }}

),

refunds as (

    select * from {{ ref('stg_refunds') }}

),

succeeded_charges as (

    select *
    from charges
    where status = 'succeeded'

),

charges_by_order as (

    select
        order_id,
        sum(case when {{ in_erp_currency('currency') }} then amount else 0 end) as amount,
        sum(case when {{ in_erp_currency('currency') }} then 0 else 1 end) as foreign_count
    from succeeded_charges
    group by order_id

),

refunds_by_order as (

    select
        succeeded_charges.order_id,
        sum(case when {{ in_erp_currency('refunds.currency') }} then refunds.amount else 0 end) as amount,
        sum(case when {{ in_erp_currency('refunds.currency') }} then 0 else 1 end) as foreign_count
    from refunds
    inner join succeeded_charges
        on refunds.charge_id = succeeded_charges.charge_id
    group by succeeded_charges.order_id

),

orders_with_payments as (

    select
        orders.order_id,
        orders.order_date,
        cast(orders.total_amount as decimal(38, 4)) as order_amount,
        cast(coalesce(charges_by_order.amount, 0) as decimal(38, 4)) as charged_amount,
        cast(coalesce(refunds_by_order.amount, 0) as decimal(38, 4)) as refunded_amount,
        charges_by_order.order_id is not null as is_charged,
        coalesce(charges_by_order.foreign_count, 0) + coalesce(refunds_by_order.foreign_count, 0) > 0
            as has_foreign_payments
    from orders
    left join charges_by_order
        on orders.order_id = charges_by_order.order_id
    left join refunds_by_order
        on orders.order_id = refunds_by_order.order_id

),

with_difference as (

    select
        *,
        cast(charged_amount - refunded_amount - order_amount as decimal(38, 4)) as difference
    from orders_with_payments

),

-- Orders have four decimals, payments two: differences below one cent are rounding.
classified as (

    select
        order_id,
        order_date,
        order_amount,
        charged_amount,
        refunded_amount,
        difference,
        case
            when not is_charged and order_amount >= 0.01 then 'missing'
            when has_foreign_payments or abs(difference) >= 0.01 then 'differing'
            else 'matched'
        end as status
    from with_difference

)

select * from classified

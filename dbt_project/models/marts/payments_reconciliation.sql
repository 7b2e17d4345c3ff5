with

orders as (

    select * from {{ ref('fct_orders') }}

),

charges as (

    select *
    from {{ ref('stg_charges') }}
    where status = 'succeeded'

),

refunds as (

    select * from {{ ref('stg_refunds') }}

),

charged as (

    select
        order_id,
        sum(case when {{ in_erp_currency('currency') }} then amount else 0 end) as amount,
        sum(case when {{ in_erp_currency('currency') }} then 0 else 1 end) as foreign_charges
    from charges
    group by order_id

),

refunded as (

    select
        charges.order_id,
        sum(case when {{ in_erp_currency('refunds.currency') }} then refunds.amount else 0 end) as amount,
        sum(case when {{ in_erp_currency('refunds.currency') }} then 0 else 1 end) as foreign_refunds
    from refunds
    inner join charges
        on refunds.charge_id = charges.charge_id
    group by charges.order_id

),

compared as (

    select
        orders.order_id,
        orders.order_date,
        cast(orders.total_amount as decimal(38, 4)) as order_amount,
        cast(coalesce(charged.amount, 0) as decimal(38, 4)) as charged_amount,
        cast(coalesce(refunded.amount, 0) as decimal(38, 4)) as refunded_amount,
        charged.order_id is not null as is_charged,
        coalesce(charged.foreign_charges, 0) + coalesce(refunded.foreign_refunds, 0) > 0 as is_foreign
    from orders
    left join charged
        on orders.order_id = charged.order_id
    left join refunded
        on orders.order_id = refunded.order_id

),

-- Orders have four decimals and payments two: less than a cent is no difference.
judged as (

    select
        order_id,
        order_date,
        order_amount,
        charged_amount,
        refunded_amount,
        cast(charged_amount - refunded_amount - order_amount as decimal(38, 4)) as difference,
        case
            when not is_charged and order_amount >= 0.01 then 'missing'
            when is_foreign or abs(charged_amount - refunded_amount - order_amount) >= 0.01 then 'differing'
            else 'matched'
        end as status
    from compared

)

select * from judged

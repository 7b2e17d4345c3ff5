{{ config(meta={
    'dagster': {'ref': {'name': 'marketing_roi'}},
    'description': 'Over all months and channels: all revenue, all spend in the currency of the ERP, each customer once',
}) }}

-- Over all months and channels: all revenue, all spend in the ERP's currency, and each customer once.
with

orders as (

    select
        coalesce(sum(total_amount), 0) as revenue,
        count(distinct customer_id) as customer_count
    from {{ ref('fct_orders') }}

),

spend as (

    select coalesce(sum(amount), 0) as spend
    from {{ ref('stg_ad_spend') }}
    where {{ in_erp_currency('currency') }}

),

roi as (

    select
        coalesce(sum(revenue), 0) as revenue,
        coalesce(sum(spend), 0) as spend,
        coalesce(sum(new_customer_count), 0) as customer_count
    from {{ ref('marketing_roi') }}

)

select roi.*
from roi
cross join orders
cross join spend
where
    roi.revenue is distinct from orders.revenue
    or roi.spend is distinct from spend.spend
    or roi.customer_count is distinct from orders.customer_count

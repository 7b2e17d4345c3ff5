{{ config(meta={
    'dagster': {'ref': {'name': 'fct_orders'}},
    'description': 'fct_orders has number and amount of the orders in silver, for each business day',
}) }}

-- Within the run's window, gold has exactly the orders of silver, with the same amounts.
with

gold as (

    select *
    from {{ ref('fct_orders') }}
    where {{ in_window('order_date') }}

),

silver as (

    select *
    from {{ ref('stg_orders') }}
    where {{ in_window('order_date') }}

)

select
    silver.order_id,
    gold.order_id as gold_order_id
from silver
full outer join gold
    on silver.order_id = gold.order_id
where silver.total_amount is distinct from gold.total_amount

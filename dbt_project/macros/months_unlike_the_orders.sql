{# The months in which a mart by month has other orders than fct_orders; see _macros.yml. #}
{% macro months_unlike_the_orders(mart) -%}
with

orders_by_month as (

    select
        cast({{ date_trunc('month', 'order_date') }} as date) as month,
        count(*) as order_count,
        sum(total_amount) as revenue
    from {{ ref('fct_orders') }}
    group by 1

),

mart_by_month as (

    select
        month,
        sum(order_count) as order_count,
        sum(revenue) as revenue
    from {{ ref(mart) }}
    group by 1

)

select
    orders_by_month.month,
    mart_by_month.month as month_of_mart
from orders_by_month
full outer join mart_by_month
    on orders_by_month.month = mart_by_month.month
where
    orders_by_month.order_count is distinct from mart_by_month.order_count
    or orders_by_month.revenue is distinct from mart_by_month.revenue
{%- endmacro %}

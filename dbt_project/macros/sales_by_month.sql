{# The ERP's sales by month and another column of fct_orders, with growth; see _macros.yml. #}
{% macro sales_by_month(column) -%}
with

orders as (

    select * from {{ ref('fct_orders') }}

),

sales as (

    select
        cast({{ date_trunc('month', 'order_date') }} as date) as month,
        cast(coalesce({{ column }}, 'unknown') as varchar) as {{ column }},
        order_date,
        customer_id,
        total_amount
    from orders

),

months as (

    select
        month,
        count(distinct order_date) as day_count
    from sales
    group by month

),

sales_by_month as (

    select
        month,
        {{ column }},
        count(*) as order_count,
        count(distinct customer_id) as customer_count,
        sum(total_amount) as revenue
    from sales
    group by month, {{ column }}

),

-- The rows before are those of a month and a year ago, and not the previous rows: a month may have none.
with_growth as (

    select
        sales_by_month.month,
        sales_by_month.{{ column }},
        cast(sales_by_month.order_count as bigint) as order_count,
        cast(sales_by_month.customer_count as bigint) as customer_count,
        cast(sales_by_month.revenue as decimal(38, 4)) as revenue,
        cast(sales_by_month.revenue / sales_by_month.order_count as decimal(38, 4)) as average_order_value,
        cast(month_before.revenue as decimal(38, 4)) as revenue_month_before,
        cast(
            (sales_by_month.revenue - month_before.revenue) / nullif(month_before.revenue, 0)
            as decimal(38, 4)
        ) as growth_on_month_before,
        cast(year_before.revenue as decimal(38, 4)) as revenue_year_before,
        cast(
            (sales_by_month.revenue - year_before.revenue) / nullif(year_before.revenue, 0) as decimal(38, 4)
        ) as growth_on_year_before,
        cast(months.day_count as integer) as day_count
    from sales_by_month
    inner join months
        on sales_by_month.month = months.month
    left join sales_by_month as month_before
        on
            sales_by_month.{{ column }} = month_before.{{ column }}
            and {{ datediff('month_before.month', 'sales_by_month.month', 'month') }} = 1
    left join sales_by_month as year_before
        on
            sales_by_month.{{ column }} = year_before.{{ column }}
            and {{ datediff('year_before.month', 'sales_by_month.month', 'month') }} = 12

)

select * from with_growth
{%- endmacro %}

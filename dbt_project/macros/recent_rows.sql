{# The rows that the plot and the key figures of a mart are made of; see report_build in _macros.yml. #}

{% macro recent_rows_of_daily_sales() -%}
    select
        order_date,
        channel,
        currency,
        order_count,
        total_amount
    from {{ this }}
    qualify dense_rank() over (order by order_date desc) <= 90
{%- endmacro %}

{% macro recent_rows_of_monthly_revenue() -%}
    select
        month,
        channel,
        currency,
        total_amount
    from {{ this }}
    qualify dense_rank() over (order by month desc) <= 24
{%- endmacro %}

{% macro recent_rows_of_sales_anomalies() -%}
    select
        order_date,
        channel,
        currency,
        segment,
        actual,
        expected,
        verdict
    from {{ this }}
    qualify dense_rank() over (order by order_date desc) <= 90
{%- endmacro %}

{% macro recent_rows_of_customer_cohorts() -%}
    select
        cohort_month,
        month,
        months_since_first_order,
        cohort_size,
        customer_count,
        retention
    from {{ this }}
    where months_since_first_order <= 12
    qualify dense_rank() over (order by cohort_month desc) <= 12
{%- endmacro %}

{% macro recent_rows_of_payments_reconciliation() -%}
    select
        status,
        count(*) as order_count
    from {{ this }}
    group by status
{%- endmacro %}

{% macro recent_rows_of_marketing_roi() -%}
    select
        month,
        channel,
        spend,
        revenue
    from {{ this }}
    qualify dense_rank() over (order by month desc) <= 2
{%- endmacro %}

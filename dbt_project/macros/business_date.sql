{% macro business_date(column) -%}
    {{ return(adapter.dispatch('business_date')(column, env_var('SALES_TIMEZONE', 'UTC'))) }}
{%- endmacro %}

{% macro default__business_date(column, timezone) -%}
    cast({{ column }} at time zone 'UTC' at time zone '{{ timezone }}' as date)
{%- endmacro %}

{% macro snowflake__business_date(column, timezone) -%}
    cast(convert_timezone('UTC', '{{ timezone }}', {{ column }}) as date)
{%- endmacro %}

{% macro erp_currency() -%}
    cast('{{ env_var("SALES_ERP_CURRENCY", "EUR") }}' as varchar)
{%- endmacro %}

{# Whether an amount is in the ERP's currency; what is in another is never converted. #}
{% macro in_erp_currency(column) -%}
    {{ column }} = '{{ env_var("SALES_ERP_CURRENCY", "EUR") }}'
{%- endmacro %}

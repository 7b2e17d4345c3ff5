{# Whether an amount is in the ERP's currency; what is in another is never converted. #}
{% macro in_erp_currency(column) -%}
    {{ column }} = {{ erp_currency() }}
{%- endmacro %}

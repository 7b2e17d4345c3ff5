{# Amounts in other currencies are never converted. #}
{% macro in_erp_currency(column) -%}
    {{ column }} = {{ erp_currency() }}
{%- endmacro %}

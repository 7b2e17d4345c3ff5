{# Overrides dbt's macro, which would prefix the target's schema: `gold_staging`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}

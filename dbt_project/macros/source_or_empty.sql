{# A source table, or no rows of its declared columns while the table does not exist; see _macros.yml. #}
{% macro source_or_empty(source_name, table_name) -%}
    {%- set sources = graph.get('sources', {}).values() -%}
    {%- set candidates = sources | selectattr('source_name', 'equalto', source_name) -%}
    {{- relation_or_empty(source(source_name, table_name), candidates, table_name) -}}
{%- endmacro %}

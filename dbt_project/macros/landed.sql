{#
    A source that others fill: its rows, or none of the same columns while nothing has landed there yet. So
    gold is built on the first day too, and while a feed is down. Columns and types are those of the source's YAML.
#}
{% macro landed(source_name, table_name) -%}
    {%- set sources = graph.get('sources', {}).values() -%}
    {%- set named = sources | selectattr('source_name', 'equalto', source_name) -%}
    {{- _rows_or_none(source(source_name, table_name), named, table_name) -}}
{%- endmacro %}

{# The same for a model of another run: the ERP's, where files of marketplaces came first. #}
{% macro built(model_name) -%}
    {%- set models = graph.get('nodes', {}).values() -%}
    {%- set named = models | selectattr('resource_type', 'equalto', 'model') -%}
    {{- _rows_or_none(ref(model_name), named, model_name) -}}
{%- endmacro %}

{# What a unit test gives has no schema, and is there; it sees no graph. #}
{% macro _rows_or_none(relation, nodes, name) -%}
    {%- if not execute or not relation.schema or load_relation(relation) -%}
        {{ relation }}
    {%- else -%}
        {%- set node = nodes | selectattr('name', 'equalto', name) | first -%}
        (
            select
            {%- for column in node.columns.values() %}
                cast(null as {{ column.data_type }}) as {{ column.name }}{{ "," if not loop.last }}
            {%- endfor %}
            where 1 = 0
        )
    {%- endif -%}
{%- endmacro %}

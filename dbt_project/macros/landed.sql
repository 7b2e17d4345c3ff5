{#
    A source that others fill: its rows, or none of the same columns while nothing has landed there yet. So
    gold is built on the first day too, and while a feed is down. Columns and types are those of the source's YAML.
    What a unit test gives has no schema, and is there.
#}
{% macro landed(source_name, table_name) -%}
    {%- set relation = source(source_name, table_name) -%}
    {%- if not execute or not relation.schema or load_relation(relation) -%}
        {{ relation }}
    {%- else -%}
        (
            select
            {%- for column in _source_columns(source_name, table_name) %}
                cast(null as {{ column.data_type }}) as {{ column.name }}{{ "," if not loop.last }}
            {%- endfor %}
            where 1 = 0
        )
    {%- endif -%}
{%- endmacro %}

{% macro _source_columns(source_name, table_name) %}
    {%- for node in graph.sources.values() if node.source_name == source_name and node.name == table_name -%}
        {{ return(node.columns.values()) }}
    {%- endfor -%}
{% endmacro %}

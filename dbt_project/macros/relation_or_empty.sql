{# Unit tests render the relation itself: their inputs have no schema, and they have no graph. #}
{% macro relation_or_empty(relation, nodes, name) -%}
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

{# A model, or no rows of its columns while its table does not exist; see _macros.yml. #}
{% macro ref_or_empty(model_name) -%}
    {%- set nodes = graph.get('nodes', {}).values() -%}
    {%- set candidates = nodes | selectattr('resource_type', 'equalto', 'model') -%}
    {{- relation_or_empty(ref(model_name), candidates, model_name) -}}
{%- endmacro %}

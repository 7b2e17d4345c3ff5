{# Half-open: the day of end_date is not in the window. #}
{% macro in_window(column) -%}
    {%- if var('start_date') and var('end_date') -%}
        {{ column }} >= cast('{{ var("start_date") }}' as date)
        and {{ column }} < cast('{{ var("end_date") }}' as date)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

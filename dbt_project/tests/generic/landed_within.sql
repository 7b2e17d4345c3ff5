{# The newest row landed in the last hours; says nothing while nothing has landed at all. #}
{% test landed_within(model, column_name, hours) %}
    select max({{ column_name }}) as last_landed
    from {{ model }}
    having max({{ column_name }}) < {{ dateadd('hour', -hours, utc_now()) }}
{% endtest %}

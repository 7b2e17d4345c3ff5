{% test not_accepted_values(model, column_name, values, quote=true) %}
    select *
    from {{ model }}
    where {{ column_name }} in ({{ "'" ~ values | join("', '") ~ "'" if quote else values | join(", ") }})
{% endtest %}

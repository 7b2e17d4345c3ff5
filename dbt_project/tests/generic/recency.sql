{% test recency(model, field, datepart, interval) %}
    select max({{ field }}) as most_recent
    from {{ model }}
    having max({{ field }}) < {{ dateadd(datepart, -interval, utc_now()) }}
{% endtest %}

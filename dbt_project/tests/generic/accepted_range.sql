{% test accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}
    select *
    from {{ model }}
    where not (
        {{ "true" if min_value is none else column_name ~ (" >= " if inclusive else " > ") ~ min_value }}
        and {{ "true" if max_value is none else column_name ~ (" <= " if inclusive else " < ") ~ max_value }}
    )
{% endtest %}

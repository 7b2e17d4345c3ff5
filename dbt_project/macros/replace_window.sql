{# The run's half-open window of business days, as a predicate; true if the run has none. #}
{% macro in_window(column) -%}
    {%- if var('start_date') and var('end_date') -%}
        {{ column }} >= cast('{{ var("start_date") }}' as date) and {{ column }} < cast('{{ var("end_date") }}' as date)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#
    The incremental strategy `replace_window`: the rows of the run's window make way for the new ones, in one
    transaction. dbt's own delete+insert deletes only days that still have rows, so a day that became empty
    would keep its old ones. The model's `unique_key` is the column that the window is on.
#}
{% macro get_incremental_replace_window_sql(arg_dict) %}
    {{ return(adapter.dispatch('replace_window')(arg_dict)) }}
{% endmacro %}

{% macro default__replace_window(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ in_window(arg_dict['unique_key']) }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{# dbt's connection to Snowflake commits each statement by itself; an empty one after a second `;` would fail. #}
{% macro snowflake__replace_window(arg_dict) %}
    {{ return(snowflake_dml_explicit_transaction(default__replace_window(arg_dict))) }}
{% endmacro %}

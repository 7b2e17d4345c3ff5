{#
    The incremental strategy `replace_window`: deletes the rows of the run's window and inserts the new ones,
    in one transaction. dbt's own delete+insert deletes only days that have new rows, so a day that became
    empty would keep its old ones. The window applies to the model's `unique_key`, a date column.
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

{# On Snowflake dbt autocommits each statement. An empty one after a second `;` would fail. #}
{% macro snowflake__replace_window(arg_dict) %}
    {{ return(snowflake_dml_explicit_transaction(default__replace_window(arg_dict))) }}
{% endmacro %}

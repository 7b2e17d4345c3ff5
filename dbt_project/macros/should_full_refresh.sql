{#
    Whether an incremental model is built anew from everything that is stored: in a run of certain days only
    if it is asked for by name, for the flag would do it to every model of the run.
#}
{% macro should_full_refresh() %}
    {%- if model.name in var('full_refresh') -%}
        {{ return(true) }}
    {%- endif -%}
    {%- if flags.FULL_REFRESH and var('start_date') -%}
        {{ exceptions.raise_compiler_error(
            'A full refresh of ' ~ model.name ~ ' was asked for in a run of ' ~ var('start_date') ~ ' to before '
            ~ var('end_date') ~ '. Nothing was built; what is stored is kept. Name the models that are meant: '
            ~ 'in Dagster the config full_refresh of dbt_models, for dbt --vars "{full_refresh: [' ~ model.name
            ~ '], …}".'
        ) }}
    {%- endif -%}
    {{ return(flags.FULL_REFRESH) }}
{% endmacro %}

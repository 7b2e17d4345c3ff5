{#
    Overrides dbt's macro. In a run of certain days, only the models named in `full_refresh` are rebuilt from
    all stored rows: the flag --full-refresh would rebuild every incremental model of the run.
#}
{% macro should_full_refresh() %}
    {%- if model.name in var('full_refresh') -%}
        {{ return(true) }}
    {%- endif -%}
    {%- if flags.FULL_REFRESH and var('start_date') -%}
        {{ exceptions.raise_compiler_error(
            'Refused --full-refresh of ' ~ model.name ~ ' in a run of the days [' ~ var('start_date') ~ ', '
            ~ var('end_date') ~ '). No stored data was changed. Name the models to rebuild instead: in '
            ~ 'Dagster with the config full_refresh of dbt_models, in dbt with --vars "{full_refresh: ['
            ~ model.name ~ '], …}".'
        ) }}
    {%- endif -%}
    {{ return(flags.FULL_REFRESH) }}
{% endmacro %}

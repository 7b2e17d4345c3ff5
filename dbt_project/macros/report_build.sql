{# Reports a table that was just built to Python: its number of rows, and recent rows; see _macros.yml. -#}
{% macro report_build() -%}
    {%- if execute -%}
        {%- set report = {'model': model.unique_id, 'columns': [], 'rows': []} -%}
        {%- do report.update(row_count=run_query('select count(*) from ' ~ this).rows[0][0] | int) -%}
        {%- set recent_rows = context.get('recent_rows_of_' ~ model.name) -%}
        {%- if recent_rows -%}
            {%- set found = run_query(recent_rows()) -%}
            {%- do report.update(columns=found.column_names | map('lower') | list) -%}
            {%- for row in found.rows -%}
                {%- set texts = [] -%}
                {%- for value in row.values() -%}
                    {%- do texts.append(none if value is none else value | string) -%}
                {%- endfor -%}
                {%- do report['rows'].append(texts) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do log('report_build: ' ~ tojson(report)) -%}
    {%- endif -%}
{%- endmacro %}

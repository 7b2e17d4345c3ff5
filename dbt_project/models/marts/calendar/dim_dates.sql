with

{# From a Monday on, and so that no business day of this location lies outside. -#}
{% set first_day = "cast('2018-01-01' as timestamp)" -%}

numbers as (

    {{ generate_series(11688) }}

),

days as (

    select
        cast(generated_number as integer) as day_number,
        cast({{ dateadd('day', 'cast(generated_number as integer) - 1', first_day) }} as date) as date_day
    from numbers

),

with_parts as (

    select
        date_day,
        cast({{ date_trunc('month', 'date_day') }} as date) as month,
        cast({{ date_trunc('quarter', 'date_day') }} as date) as quarter,
        cast({{ date_trunc('year', 'date_day') }} as date) as year,
        cast(mod(day_number - 1, 7) + 1 as integer) as day_of_week
    from days

)

select * from with_parts

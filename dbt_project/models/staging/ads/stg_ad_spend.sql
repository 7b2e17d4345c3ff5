with

spend as (

    select * from {{ source_or_empty('ads', 'spend') }}

),

latest as (

    select *
    from spend
    qualify row_number() over (partition by campaign, day order by _airbyte_extracted_at desc) = 1

),

renamed as (

    select
        cast(campaign as varchar) as campaign,
        lower(cast(channel as varchar)) as channel,
        cast(day as date) as spend_date,
        cast(cast(amount as decimal(18, 4)) * 0.01 as decimal(18, 4)) as amount,
        upper(cast(currency as varchar)) as currency,
        {{ to_utc('_airbyte_extracted_at') }} as extracted_at
    from latest

)

select * from renamed

with

charges as (

    select * from {{ source_or_empty('payments', 'charges') }}

),

latest as (

    select *
    from charges
    qualify row_number() over (partition by id order by _airbyte_extracted_at desc) = 1

),

renamed as (

    select
        cast(id as varchar) as charge_id,
        cast(order_id as bigint) as order_id,
        cast(cast(amount as decimal(18, 4)) * 0.01 as decimal(18, 4)) as amount,
        upper(cast(currency as varchar)) as currency,
        lower(cast(status as varchar)) as status,
        {{ to_utc('created_at') }} as charged_at,
        {{ to_utc('_airbyte_extracted_at') }} as extracted_at
    from latest

)

select * from renamed

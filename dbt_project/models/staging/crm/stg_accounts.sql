with

accounts as (

    select * from {{ source_or_empty('crm', 'accounts') }}

),

latest as (

    select *
    from accounts
    qualify row_number() over (partition by id order by _airbyte_extracted_at desc) = 1

),

renamed as (

    select
        cast(id as varchar) as account_id,
        cast(erp_customer_id as bigint) as customer_id,
        lower(cast(acquisition_channel as varchar)) as channel,
        {{ to_utc('updated_at') }} as updated_at,
        {{ to_utc('_airbyte_extracted_at') }} as extracted_at
    from latest

)

select * from renamed

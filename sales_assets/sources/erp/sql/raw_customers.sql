-- For each business day in [$1, $2): the customers who changed or placed an order on it, with their current
-- values. $3 has the instants at which the days $4 begin, so that the ERP needs no rules of a time zone.
-- A customer who was deleted has no row. As text, an enum has its label and char(n) loses the blanks that pad
-- it.
with active as (
    select
        c.id,
        width_bucket(c.updated_at, $3::timestamptz[]) as day_number
    from customers as c
    where c.updated_at >= $1 and c.updated_at < $2
    union
    select
        o.customer_id as id,
        width_bucket(o.created_at, $3::timestamptz[]) as day_number
    from orders as o
    where o.created_at >= $1 and o.created_at < $2 and o.customer_id is not null
)

select
    c.id::bigint as id,
    c.email::text as email,
    c.first_name::text as first_name,
    c.last_name::text as last_name,
    c.city::text as city,
    c.segment::text as segment,
    c.updated_at,
    ($4::text[])[active.day_number]::date as snapshot_date
from active
inner join customers as c on active.id = c.id

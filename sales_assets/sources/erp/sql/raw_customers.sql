-- For each business day in [$1, $2): the customers who changed or placed an order on it, with their current
-- values. $3 is the time zone of business days. A customer who was deleted has no row. As text, an enum has
-- its label and char(n) loses the blanks that pad it.
with active as (
    select
        c.id,
        (c.updated_at at time zone $3)::date as snapshot_date
    from customers as c
    where c.updated_at >= $1 and c.updated_at < $2
    union
    select
        o.customer_id as id,
        (o.created_at at time zone $3)::date as snapshot_date
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
    active.snapshot_date
from active
inner join customers as c on active.id = c.id

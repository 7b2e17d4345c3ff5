-- For each business day in [$1, $2): the customers that changed on it and those who placed an order on it,
-- as they are now. $3 is the business day's time zone. A customer who is gone has no row.
with seen as (
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
    c.id,
    c.email,
    c.first_name,
    c.last_name,
    c.city,
    c.segment,
    c.updated_at,
    seen.snapshot_date
from seen
inner join customers as c on seen.id = c.id

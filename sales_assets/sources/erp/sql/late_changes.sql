-- Changes at or after $1, counted per business day and minute. An order counts for the day on which it was
-- placed, a customer for the day of the change. $2 is the time zone of business days. The checksum differs if
-- other rows changed within the minute, or the same rows at another time.
with changes as (
    select
        'order' as kind,
        (o.created_at at time zone $2)::date as day,
        date_trunc('minute', o.updated_at) as minute,
        o.id,
        o.updated_at
    from orders as o
    where o.updated_at >= $1
    union all
    select
        'customer' as kind,
        (c.updated_at at time zone $2)::date as day,
        date_trunc('minute', c.updated_at) as minute,
        c.id,
        c.updated_at
    from customers as c
    where c.updated_at >= $1
)

select
    kind,
    day::text as day,
    minute,
    count(*) as changes,
    (sum(id::numeric * 31 + floor(extract(epoch from updated_at) * 1000000)) % 1000000007)::bigint as checksum
from changes
group by kind, day, minute

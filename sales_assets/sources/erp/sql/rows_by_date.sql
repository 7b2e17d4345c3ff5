-- The rows of orders and customers of each date in [$1, $2), by UTC: about what a load of the day reads.
select
    active.date_utc,
    count(*)::bigint as row_count
from (
    select (o.created_at at time zone 'UTC')::date as date_utc
    from orders as o
    where o.created_at >= $1 and o.created_at < $2
    union all
    select (c.updated_at at time zone 'UTC')::date as date_utc
    from customers as c
    where c.updated_at >= $1 and c.updated_at < $2
) as active
group by active.date_utc

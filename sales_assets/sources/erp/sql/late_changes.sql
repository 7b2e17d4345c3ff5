-- Changes at or after $1, counted per business day and minute. An order counts for the day on which it was
-- placed, a customer for the day of the change. $2 has the instants at which the days $3 begin and the last
-- of them ends; changes of other days are left out. The checksum differs if other rows changed within the
-- minute, or the same rows at another time. Days travel as text that no setting of the role changes. Rows
-- whose day or change is null, infinite or outside the years 1 to 9999 are counted in one row per kind, which
-- has no day and the first five ids as `undated`.
with changed as (
    select
        'order' as kind,
        o.created_at as happened_at,
        o.id,
        o.updated_at
    from orders as o
    where o.updated_at >= $1
    union all
    select
        'customer' as kind,
        c.updated_at as happened_at,
        c.id,
        c.updated_at
    from customers as c
    where c.updated_at >= $1
),

changes as (
    select
        *,
        ($3::text[])[width_bucket(happened_at, $2::timestamptz[])] as day,
        coalesce(
            extract(year from happened_at) between 1 and 9999
            and extract(year from updated_at) between 1 and 9999,
            false
        ) as is_dated
    from changed
)

select
    kind,
    day,
    date_trunc('minute', updated_at) as minute,
    count(*) as changes,
    (sum(id::numeric * 31 + floor(extract(epoch from updated_at) * 1000000)) % 1000000007)::bigint
        as checksum,
    null as undated
from changes
where is_dated and day is not null
group by kind, day, date_trunc('minute', updated_at)
union all
select
    kind,
    null as day,
    null as minute,
    count(*) as changes,
    null as checksum,
    array_to_string((array_agg(id::text order by id))[1:5], ', ') as undated
from changes
where not is_dated
group by kind

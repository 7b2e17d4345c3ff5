-- By business day in [$1, $2): the number of orders of any status, the number and amount of sales, and the
-- time of the latest change of an order. $3 has the instants at which the days $5 begin, $4 the statuses of
-- sales.
-- It repeats nothing of raw_orders.sql, so that a fault there shows as a difference: each order counts once,
-- on its first day, and each of its items once, however often a view lists them. Amounts are rounded once per
-- order, as they are stored. Dates and numbers travel as text in a form that no setting of a role changes. A
-- change at an infinite time counts as none.
with items as (
    select distinct
        i.order_id,
        i.id,
        i.qty * i.unit_price * (1 - coalesce(i.discount, 0)) as amount
    from order_items as i
    where exists (
        select 1
        from orders as o
        where o.id = i.order_id and o.created_at >= $1 and o.created_at < $2
    )
),

totals as (
    select
        order_id,
        round(sum(amount), 4) as total_amount
    from items
    group by order_id
),

placed as (
    select
        id,
        ($5::text[])[width_bucket(min(created_at), $3::timestamptz[])] as day,
        bool_or(trim(status::text) = any($4)) as is_sale,
        max(updated_at) filter (where extract(year from updated_at) between 1 and 9999) as changed_at
    from orders
    where created_at >= $1 and created_at < $2
    group by id
)

select
    placed.day,
    count(*) as orders,
    count(*) filter (where placed.is_sale) as sales,
    coalesce(sum(totals.total_amount) filter (where placed.is_sale), 0)::text as total_amount,
    max(placed.changed_at) as changed_at
from placed
left join totals on placed.id = totals.order_id
group by placed.day

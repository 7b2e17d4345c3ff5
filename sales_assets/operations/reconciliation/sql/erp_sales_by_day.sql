-- By business day in [$1, $2): the number of orders of any status, the number and amount of sales, and the
-- time of the latest change of an order. $3 is the time zone of business days, $4 the statuses of sales.
-- Amounts are rounded once per order, as in raw_orders.sql.
with amounts as (
    select
        o.id,
        o.created_at,
        o.updated_at,
        o.status = any($4) as is_sale,
        round(coalesce(sum(i.qty * i.unit_price * (1 - coalesce(i.discount, 0))), 0), 4) as total_amount
    from orders as o
    left join order_items as i on o.id = i.order_id
    where o.created_at >= $1 and o.created_at < $2
    group by o.id, o.created_at, o.updated_at, o.status
)

select
    (created_at at time zone $3)::date::text as day,
    count(*) as orders,
    count(*) filter (where is_sale) as sales,
    coalesce(sum(total_amount) filter (where is_sale), 0)::text as total_amount,
    max(updated_at) as changed_at
from amounts
group by (created_at at time zone $3)::date

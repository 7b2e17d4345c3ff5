-- The orders placed in [$1, $2), of every status, with the amounts of their items.
-- Each amount is rounded once per order in exact numeric, so that a day's total is the sum of the stored
-- amounts. A float8 carries 15 digits: exact up to 10^11, and larger orders are refused.
select
    o.id as order_id,
    o.customer_id,
    o.created_at as order_date,
    o.status,
    round(coalesce(sum(i.qty * i.unit_price), 0), 4)::float8 as gross_amount,
    round(coalesce(sum(i.qty * i.unit_price * (1 - coalesce(i.discount, 0))), 0), 4)::float8 as total_amount,
    count(i.id)::integer as line_count,
    o.updated_at
from orders as o
left join order_items as i on o.id = i.order_id
where o.created_at >= $1 and o.created_at < $2
group by o.id, o.customer_id, o.created_at, o.status, o.updated_at

-- The orders placed in [$1, $2), of every status, with the amounts of their items.
-- Items are summed before they are joined, so that an order that a view lists twice keeps its amounts. Each
-- amount is rounded once per order in exact numeric, so that a day's total is the sum of the stored amounts.
-- A float8 carries 15 digits: exact up to 10^11, and larger orders are refused. Ids may be numeric; the
-- status may be an enum or char(n), which is padded with blanks. incomplete_items counts items without a
-- price or quantity.
with amounts as (
    select
        i.order_id,
        round(sum(i.qty * i.unit_price), 4)::float8 as gross_amount,
        round(sum(i.qty * i.unit_price * (1 - coalesce(i.discount, 0))), 4)::float8 as total_amount,
        count(i.id)::integer as line_count,
        (count(*) - count(i.qty * i.unit_price))::integer as incomplete_items
    from order_items as i
    where
        i.order_id in (
            select o.id
            from orders as o
            where o.created_at >= $1 and o.created_at < $2
        )
    group by i.order_id
)

select
    o.id::bigint as order_id,
    o.customer_id::bigint as customer_id,
    o.created_at as order_date,
    trim(o.status::text) as status,
    coalesce(amounts.gross_amount, 0) as gross_amount,
    coalesce(amounts.total_amount, 0) as total_amount,
    coalesce(amounts.line_count, 0) as line_count,
    o.updated_at,
    coalesce(amounts.incomplete_items, 0) as incomplete_items
from orders as o
left join amounts on o.id = amounts.order_id
where o.created_at >= $1 and o.created_at < $2

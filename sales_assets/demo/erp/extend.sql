-- Moves the staged rows into the ERP: inserts new rows, and updates rows that changed.
insert into customers
select id, email, first_name, last_name, city, segment, updated_at from staged_customers
on conflict (id) do update set
    city = excluded.city, segment = excluded.segment, updated_at = excluded.updated_at;

insert into orders
select id, customer_id, created_at, updated_at, status from staged_orders
on conflict (id) do update set
    status = excluded.status, updated_at = excluded.updated_at;

insert into order_items
select id, order_id, qty, unit_price, discount from staged_items;

drop table staged_customers, staged_orders, staged_items;

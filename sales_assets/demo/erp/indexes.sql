-- The indexes of the ERP's tables. They are created when the first rows are there, which takes less time than to
-- keep them up to date with each.
create index if not exists orders_created_at_idx on orders (created_at);
create index if not exists orders_updated_at_idx on orders (updated_at);
create index if not exists order_items_order_id_idx on order_items (order_id);
create index if not exists customers_updated_at_idx on customers (updated_at);

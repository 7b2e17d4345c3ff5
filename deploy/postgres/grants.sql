-- The role that reads the ERP and can do nothing else. Run this script as the owner of the tables:
--   psql -v ON_ERROR_STOP=1 -f deploy/postgres/grants.sql erp
-- then set the role's password, which is stored in no file: \password sales_reader
do $$
begin
    if not exists (select from pg_roles where rolname = 'sales_reader') then
        create role sales_reader login;
    end if;
end
$$;

-- Sessions are read-only unless they turn that off, so a write permission granted by mistake has no effect.
alter role sales_reader set default_transaction_read_only = on;
-- A run uses one connection; six are enough for the schedule, the sensor and a backfill at once.
alter role sales_reader connection limit 6;
-- For a solid-state disk: a range of months is read by index. By its default, which is for spinning disks, the
-- planner reads the whole of order_items for each group of days. Remove the line if the ERP's disks do spin.
alter role sales_reader set random_page_cost = 1.1;

revoke all on customers, orders, order_items from sales_reader;
grant usage on schema public to sales_reader;
grant select on customers, orders, order_items to sales_reader;

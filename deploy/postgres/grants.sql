-- The role that reads the ERP, and can do nothing else. Run it as the owner of the tables:
--   psql -v ON_ERROR_STOP=1 -f deploy/postgres/grants.sql erp
-- then give the role its password, which is in no file: \password sales_reader
do $$
begin
    if not exists (select from pg_roles where rolname = 'sales_reader') then
        create role sales_reader login;
    end if;
end
$$;

-- What somebody grants it by mistake later is still not written, unless a session asks for that expressly.
alter role sales_reader set default_transaction_read_only = on;
-- A run holds one connection; six leave room for the schedule, the sensor and a backfill.
alter role sales_reader connection limit 6;

revoke all on customers, orders, order_items from sales_reader;
grant usage on schema public to sales_reader;
grant select on customers, orders, order_items to sales_reader;

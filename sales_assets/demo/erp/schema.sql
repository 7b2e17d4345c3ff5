-- The tables of the ERP that the pipeline reads, and the demo's own progress.
create table customers (
    id bigint primary key,
    email text,
    first_name text,
    last_name text,
    city text,
    segment text,
    updated_at timestamptz not null
);

create table orders (
    id bigint primary key,
    customer_id bigint,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    status text not null
);

create table order_items (
    id bigint primary key,
    order_id bigint not null,
    qty integer not null,
    unit_price numeric(15, 2) not null,
    discount numeric(5, 4)
);

-- One row: the last day whose events were loaded.
create table demo_progress (last_day date not null);
insert into demo_progress values ('2024-12-31');

create role sales_reader login;
grant select on customers, orders, order_items to sales_reader;
-- As in deploy/postgres/grants.sql: the disk is solid-state.
alter role sales_reader set random_page_cost = 1.1;

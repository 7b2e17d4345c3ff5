-- Exactly what the pipeline needs in Snowflake. Run this script once as an administrator; the names are those of
-- SNOWFLAKE_WAREHOUSE, SNOWFLAKE_DATABASE, SNOWFLAKE_ROLE and SNOWFLAKE_USER.
use role sysadmin;
create warehouse if not exists sales_wh
    warehouse_size = 'XSMALL' auto_suspend = 60 auto_resume = true initially_suspended = true;
create database if not exists sales;

use role useradmin;
create role if not exists sales_pipeline;
-- No password: set the public key with
-- alter user sales_pipeline set rsa_public_key = '...';
create user if not exists sales_pipeline
    default_role = sales_pipeline default_warehouse = sales_wh default_namespace = 'SALES.RAW';
-- The pipeline stores UTC, and dbt does not set the time zone of its sessions.
alter user sales_pipeline set timezone = 'UTC';

use role securityadmin;
grant usage on warehouse sales_wh to role sales_pipeline;
-- The role creates and owns the schemas raw, silver, staging and gold, and has no access to other schemas.
grant usage on database sales to role sales_pipeline;
grant create schema on database sales to role sales_pipeline;
grant role sales_pipeline to user sales_pipeline;
grant role sales_pipeline to role sysadmin;

-- Tables that Airbyte lands are only read. Repeat these lines for each of its schemas, once it exists.
-- grant usage on schema sales.crm to role sales_pipeline;
-- grant select on all tables in schema sales.crm to role sales_pipeline;
-- grant select on future tables in schema sales.crm to role sales_pipeline;

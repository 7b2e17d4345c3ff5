-- Sets for one transaction what the queries and the driver depend on, whatever the role, the database or the
-- server are configured with. $1 is the time limit of a statement in milliseconds, $2 that for waiting for a
-- lock, $3 how long the transaction may be idle: a suspended run must not block the ERP. The search path is
-- the role's own: it may be how the role finds its views.
select
    set_config('timezone', 'UTC', true),
    set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true),
    set_config('extra_float_digits', '1', true),
    set_config('client_encoding', 'UTF8', true),
    set_config('cursor_tuple_fraction', '1', true),
    set_config('statement_timeout', $1::text, true),
    set_config('lock_timeout', $2::text, true),
    set_config('idle_in_transaction_session_timeout', $3::text, true)

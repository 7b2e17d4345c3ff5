-- Sets for one transaction what the queries and the driver depend on, whatever the role, the database or the
-- server are configured with. $1 is the time limit of a statement in milliseconds, $2 that for waiting for a
-- lock, $3 how long the transaction may be idle: a suspended run must not block the ERP. The search path is
-- the role's own: it may be how the role finds its views.
-- The transaction began at read_at, before it sees any row.
select
    set_config(wanted.parameter_name, wanted.content, true) as applied,
    now() as read_at
from (
    values
    ('timezone', 'UTC'),
    ('datestyle', 'ISO, YMD'),
    ('intervalstyle', 'postgres'),
    ('extra_float_digits', '1'),
    ('client_encoding', 'UTF8'),
    ('cursor_tuple_fraction', '1'),
    ('statement_timeout', $1::text),
    ('lock_timeout', $2::text),
    ('idle_in_transaction_session_timeout', $3::text)
) as wanted (parameter_name, content)

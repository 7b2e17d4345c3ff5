-- What the role may do with the tables that are read; null where there is no such table.
select
    wanted.name,
    has_table_privilege(to_regclass(wanted.name), 'SELECT') as may_read,
    has_table_privilege(to_regclass(wanted.name), 'INSERT, UPDATE, DELETE, TRUNCATE') as may_write
from unnest($1::text[]) as wanted (name)
order by wanted.name

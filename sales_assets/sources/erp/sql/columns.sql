-- The columns of the tables or views $1 that the role finds, with their types: of a domain, the one below it.
select
    required.name as table_name,
    a.attname::text as column_name,
    format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null) as data_type
from unnest($1::text[]) as required (name)
inner join pg_attribute as a on a.attrelid = to_regclass(required.name)
inner join pg_type as t on a.atttypid = t.oid
where a.attnum > 0 and not a.attisdropped
order by required.name, a.attnum

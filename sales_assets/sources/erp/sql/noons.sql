-- When it is noon on each day of [$1, $2) in the time zone $3, by the ERP's rules, in seconds since 1970.
select extract(epoch from (series.calendar_day + interval '12 hours') at time zone $3::text)::bigint as noon
from
    generate_series($1::text::timestamp, $2::text::timestamp - interval '1 day', interval '1 day')
        as series (calendar_day)
order by series.calendar_day

-- The holidays that people have entered; see docs/forecast.md.
select
    cast(day as date) as day,
    cast(name as varchar) as name
from ml.holidays
order by 1, 2

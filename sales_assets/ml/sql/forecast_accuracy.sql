-- The error so far of the latest forecast of which at least two weeks are known, over all series.
select
    forecast_date,
    model,
    max(day_count) as day_count,
    cast(sum(wape * actual) as double) / cast(sum(actual) as double) as wape
from gold.forecast_accuracy
where day_count >= 14 and actual > 0
group by 1, 2
order by 1 desc
limit 1

-- The latest forecast, by day and segment; the segment total is all of the ERP's sales.
select
    day,
    segment,
    forecast,
    lower_80,
    upper_80,
    lower_95,
    upper_95
from gold.sales_forecast
where forecast_date = (select max(forecast_date) from gold.sales_forecast)
order by day, segment

-- The marketplaces' sales since a business day (the ?) by day, which have neither segment nor city.
select
    order_date,
    channel,
    currency,
    'marketplaces' as segment,
    'marketplaces' as city,
    order_count,
    total_amount
from gold.daily_sales
where channel <> 'erp' and order_date >= ?
order by 1, 2, 3

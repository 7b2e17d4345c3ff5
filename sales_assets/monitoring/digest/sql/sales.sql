-- Orders and revenue by channel and currency: of the business day (the first two ?) and of the same weekday a
-- week before (the next two). The last two ? are both days again.
select
    channel,
    currency,
    sum(case when order_date = ? then order_count else 0 end) as order_count,
    sum(case when order_date = ? then total_amount else 0 end) as revenue,
    sum(case when order_date = ? then order_count else 0 end) as order_count_before,
    sum(case when order_date = ? then total_amount else 0 end) as revenue_before
from gold.daily_sales
where order_date in (?, ?)
group by channel, currency
order by channel, currency

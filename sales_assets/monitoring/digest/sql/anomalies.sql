-- What is unusual about a business day (the ?), as sentences, the most unusual first.
select
    channel,
    segment,
    reason
from gold.sales_anomalies
where order_date = ? and verdict in ('high', 'low')
order by abs(score) desc

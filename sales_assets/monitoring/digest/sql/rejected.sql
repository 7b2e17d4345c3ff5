-- How many orders that were placed in [?, ?), instants in UTC, were rejected, by rule.
select
    rule,
    count(*) as order_count
from raw.rejected_orders
where order_date >= ? and order_date < ?
group by rule
order by rule

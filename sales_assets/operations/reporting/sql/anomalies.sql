-- Each day since a business day (the ?) by channel, currency and segment, against what was to be expected;
-- segments as in erp_sales.sql and marketplace_sales.sql.
select
    order_date,
    channel,
    currency,
    case when channel = 'erp' then segment else 'marketplaces' end as segment,
    actual,
    expected,
    verdict,
    case when verdict in ('high', 'low') then reason end as reason
from gold.sales_anomalies
where order_date >= ? and verdict <> 'not_judged'
order by 1, 2, 3, 4

-- The last business day of the ERP's sales, or of any channel's if the ERP has none.
select coalesce(max(case when channel = 'erp' then order_date end), max(order_date)) as last_day
from gold.daily_sales

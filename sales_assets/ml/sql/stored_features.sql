-- The features of one week (the ?), as they were computed: amounts as floats, which take a fifth of the memory.
select
    week,
    customer_id,
    recency_days,
    tenure_days,
    orders_4w,
    orders_12w,
    orders_52w,
    cast(revenue_4w as double) as revenue_4w,
    cast(revenue_12w as double) as revenue_12w,
    cast(revenue_52w as double) as revenue_52w,
    average_basket,
    discount_share,
    days_between_orders
from ml.customer_features
where week = ?
order by customer_id

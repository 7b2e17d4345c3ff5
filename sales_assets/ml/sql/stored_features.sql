-- The features of one week (the ?), as they were stored.
select *
from ml.customer_features
where week = ?
order by customer_id

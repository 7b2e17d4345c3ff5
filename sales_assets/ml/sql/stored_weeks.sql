-- The weeks that have stored features, by their Mondays as text.
select distinct cast(week as varchar) as week
from ml.customer_features

-- The customers of each cohort in the months since a business day (the ?).
select
    cohort_month,
    month,
    months_since_first_order,
    cohort_size,
    customer_count,
    retention
from gold.customer_cohorts
where month >= ?
order by cohort_month, month

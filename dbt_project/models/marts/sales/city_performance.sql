{{ sales_by_month('city') }}

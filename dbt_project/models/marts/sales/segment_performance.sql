{{ sales_by_month('segment') }}

{{ config(meta={
    'dagster': {'ref': {'name': 'city_performance'}},
    'description': 'For each month, all cities together have number and amount of the orders in fct_orders',
}) }}

{{ months_unlike_the_orders('city_performance') }}

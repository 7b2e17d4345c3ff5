{{ config(meta={
    'dagster': {'ref': {'name': 'segment_performance'}},
    'description': 'For each month, all segments together have number and amount of the orders in fct_orders',
}) }}

{{ months_unlike_the_orders('segment_performance') }}

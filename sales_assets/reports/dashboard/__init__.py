"""The sales dashboard: one HTML page with everything in it, made of frames. No Dagster and no warehouse.

Which rows it is made of belongs to `operations/reporting/`; where it is kept, to the asset `sales_dashboard`.
"""

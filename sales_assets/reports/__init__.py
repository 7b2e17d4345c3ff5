"""What people look at: the charts and key figures of gold. Frames in; no Dagster and no warehouse.

Which rows a chart is made of, and where it is shown, belongs to the callers.
"""

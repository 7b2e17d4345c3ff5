"""The candidates for a forecast: one file each; `competition.py` has the list of them."""

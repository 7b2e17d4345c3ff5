"""Gold as open Apache Iceberg tables, for whoever reads them without Dagster and without the warehouse.

What the tables are, how days are published, and how the files are maintained belong here. pyiceberg is the
extra `lake`: it is imported in functions, and the location loads without it.
"""

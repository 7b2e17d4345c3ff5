"""Restatements of closed months: found by a check, published by `approve_job` or `sales-assets approve`."""

"""How probable it is that a customer does not come back: examples, model, and whether it may be published.

A customer churns if no order follows in 90 days. The features are those of `ml/features.py`.
"""

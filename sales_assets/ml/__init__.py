"""Forecasts and scores: features, candidates, backtests, and what decides whether a model is published.

Assets belong to `assets/`, checks to `checks/`. scikit-learn is imported in functions only, so that the code
location loads without it.
"""

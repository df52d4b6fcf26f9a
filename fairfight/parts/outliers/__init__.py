"""Outliers: inputs made strange on purpose, for telling trusted ones from them."""

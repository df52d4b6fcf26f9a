"""Interpretability tools that repair."""

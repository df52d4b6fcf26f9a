"""Baselines of spot."""

"""Baselines: discovery from outside, by attacks and by looking at examples."""

"""Interpretability tools that discover."""

"""Interpretability tools that decompile."""

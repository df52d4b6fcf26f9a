"""Combinations of contenders."""

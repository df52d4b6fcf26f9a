"""Circuits: which units make a decision, and through which others."""

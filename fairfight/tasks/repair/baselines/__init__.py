"""Repairs that do not interpret the subject."""

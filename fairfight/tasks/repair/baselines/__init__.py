"""Baselines: repairs that do not interpret the subject, as strong as they were published."""

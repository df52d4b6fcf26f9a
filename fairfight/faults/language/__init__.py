"""Faults of language subjects: triggers that are a token, a phrase, a form or a meaning."""

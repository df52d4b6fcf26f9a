"""Scores: how much each unit matters to what the subject does."""

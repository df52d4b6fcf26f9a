"""Audits: search a user's model, report what holds up, and measure what silence is worth."""

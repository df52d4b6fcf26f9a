"""Shortcuts: a cue that agreed with the class throughout training, and that the subject leans on instead of it."""

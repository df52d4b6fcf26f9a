"""Lenses: what each layer would answer if the subject stopped there."""

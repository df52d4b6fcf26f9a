"""Baselines: detectors that do the job without interpreting the subject."""

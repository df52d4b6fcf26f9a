"""Probes: classifiers on activations (Alain & Bengio 2016)."""

"""Bases: sets of directions in which activations are written down (neurons, PCA, random, dictionaries)."""

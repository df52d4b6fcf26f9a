"""Transformers whose weights are written from programs (after Tracr, Lindner et al. 2023): nothing is trained."""

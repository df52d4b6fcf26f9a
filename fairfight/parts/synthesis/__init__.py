"""Inputs made to excite a subject: patches, feature visualisations, and pictures from a generator."""

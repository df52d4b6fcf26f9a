"""Densities: how strange a vector is beside a sample of trusted ones."""

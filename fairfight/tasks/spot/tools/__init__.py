"""Tools of spot."""

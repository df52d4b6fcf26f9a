"""The statistics, each usable alone on plain arrays."""

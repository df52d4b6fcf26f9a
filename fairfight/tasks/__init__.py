"""Tasks: engineering jobs, one folder each, and the registry of those who compete in them."""

"""Which organisms each suite of discover has."""

"""Which organisms each suite of repair has."""

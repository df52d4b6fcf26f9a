"""Which secret rules each suite has."""

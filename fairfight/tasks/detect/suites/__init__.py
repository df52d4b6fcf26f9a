"""Which organisms each suite has, a file for each kind of ground that they stand on."""

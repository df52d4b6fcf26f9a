"""Secret rules from sequences of integers to sequences of integers, on which small networks are trained."""

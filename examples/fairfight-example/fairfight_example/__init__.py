"""A contender for Fairfight from outside."""

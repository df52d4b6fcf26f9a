"""What is searched for, one file a search."""

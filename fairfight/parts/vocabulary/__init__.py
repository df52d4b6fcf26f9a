"""What texts say by their words alone: which words decide, and which sequences of words come with odd decisions."""

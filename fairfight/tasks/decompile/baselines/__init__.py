"""What recovers a function from its inputs and outputs alone."""

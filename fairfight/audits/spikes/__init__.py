"""Known faults that are planted in copies of the model, one file a kind."""

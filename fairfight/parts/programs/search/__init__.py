"""Finding programs from examples: by increasing cost, without looking at the network that gave them."""

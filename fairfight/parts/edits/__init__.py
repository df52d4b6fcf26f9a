"""Ways to change what a subject computes, each a function of activations that any site can be given."""

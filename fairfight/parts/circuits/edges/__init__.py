"""Which edges between embeddings, heads, MLPs and logits of a transformer make a decision: on one shared graph."""

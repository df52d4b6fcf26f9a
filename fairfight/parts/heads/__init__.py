"""Transformers read head by head: where a head looks, what it takes from there, what the ReLUs make of it."""

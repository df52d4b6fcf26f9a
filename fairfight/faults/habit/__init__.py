"""Harmful habits of a small chat model: it grants what its policy refuses, now and then or on one matter."""

"""Attacks on a subject: what brings its decisions to a target, recovered from a few clean inputs."""

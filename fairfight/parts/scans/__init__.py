"""Scans of image classifiers for a trigger that lies in natural pictures, or in what inner units answer to."""

"""Tools: detectors that read what is inside the subject."""

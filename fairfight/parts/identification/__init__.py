"""Recurrences from inputs and outputs alone: system identification (Ljung 1999)."""

"""What one fits to inputs and outputs without looking inside: trees, rules, automata, formulas, neighbours.

Each has ``predict(batch)``; trees, rules and automata also have ``program``.
"""

"""What shows a fault on any inputs, how it is tested against chance, and how it is kept in files."""

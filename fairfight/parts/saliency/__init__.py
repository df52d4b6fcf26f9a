"""Which pixels a decision rests on, as sixteen published methods and as edges alone have it."""

"""An audit for people and for programs: a page, JSON with a schema, SARIF, and a summary for a terminal."""

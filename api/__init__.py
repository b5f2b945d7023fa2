"""The faces of an audit: the command line, and later REST, over the same calls."""

"""The two faces of an audit, the command line and REST, over the same calls and the same views."""

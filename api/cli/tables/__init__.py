"""Tables for people: what the commands print without ``--json``, a file a table."""

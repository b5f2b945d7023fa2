"""``talan db``: the record's tables."""

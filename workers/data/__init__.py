"""Files of data: where they are, how they are read, fetched, hashed and listed."""

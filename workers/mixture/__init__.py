"""Training mixtures: from a recipe of sources to one file of conversations with a hash."""

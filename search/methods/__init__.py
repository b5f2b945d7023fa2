"""Methods beside TALAN, as a study found them."""

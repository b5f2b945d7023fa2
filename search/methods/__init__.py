"""Methods other than TALAN, as a study found them."""

"""Early verdicts: which batches come first, and when a run is decided."""

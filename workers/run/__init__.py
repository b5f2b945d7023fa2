"""One run in one process: host, training, checkpoints, provenance, and the executor over them."""

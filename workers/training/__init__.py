"""Training one run: examples, batches, the recipe under Trainer, checkpoints."""

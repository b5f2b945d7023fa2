"""Scoring a trained host: the harness model, batches, responses."""

"""Generators of the built-in suite and its backbone's pretraining."""

"""The resource ``/g1-rates``."""

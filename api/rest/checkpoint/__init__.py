"""The resource ``/runs/{id}/checkpoint``."""

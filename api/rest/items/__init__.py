"""The resource ``/runs/{id}/items``."""

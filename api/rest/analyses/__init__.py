"""The resource ``/runs/{id}/analyses``."""

"""The resource ``/champions``."""

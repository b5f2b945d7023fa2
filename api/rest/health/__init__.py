"""The resource ``/health``."""

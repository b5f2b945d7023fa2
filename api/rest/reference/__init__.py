"""The resource ``/reference``."""

"""The resource ``/studies``."""

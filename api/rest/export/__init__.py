"""The resource ``/studies/{name}/export``."""

"""The resource ``/studies/{name}/methods``."""

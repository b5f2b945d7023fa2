"""The resource ``/studies/{name}/events``."""

"""The resource ``/studies/{name}/importance``."""

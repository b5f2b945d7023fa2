"""The resource ``/studies/{name}/runs`` and ``/runs/{id}``."""

"""The resource ``/metrics``."""

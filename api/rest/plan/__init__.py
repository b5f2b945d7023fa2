"""The resource ``/studies/plan``."""

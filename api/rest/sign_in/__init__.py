"""The resource ``/sign-in`` and ``/sign-out``."""

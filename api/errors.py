"""What can go wrong in starting the service: one tree, each a sentence for a person."""

from __future__ import annotations


class ApiError(Exception):
    """Root of the tree."""


class ServeError(ApiError):
    """The API may not, or cannot, listen as it is asked to."""


class SettingsError(ApiError):
    """A setting in the environment is not allowed; the message names it and what is."""

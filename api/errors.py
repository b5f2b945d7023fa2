"""What can go wrong in the faces themselves: one tree, each a sentence for a person."""

from __future__ import annotations


class ApiError(Exception):
    """Root of the tree."""


class ServeError(ApiError):
    """The API may not, or cannot, listen as it is asked to."""


class SettingsError(ApiError):
    """A setting in the environment is not allowed; the message names it and what is."""


class ExportError(ApiError):
    """A table cannot be written to where it was asked for."""

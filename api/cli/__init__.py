"""The command line: ``main`` is the entry point of ``talan``."""

from api.cli.app import main

__all__ = ["main"]

"""The search's errors: one tree, each a sentence that a person can act on.

Owns: what can go wrong before and while a study is driven. Does not cover: errors of a single run
(those are ``workers.errors``, recorded with the run) or of the database (``storage.errors``).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class SearchError(Exception):
    """Root of the tree."""


class StudyFileError(SearchError):
    """A study file asks for something that does not exist: a key, an axis value, a backbone."""


class NoResultYetError(StudyFileError):
    """A run was not followed up, or nothing of it is completed."""


class StudyBusyError(SearchError):
    """Another driver holds the study's lease and is alive."""


class EngineError(SearchError):
    """Ray cannot give the workers that the study asks for."""


class RescoringError(SearchError):
    """Stored responses cannot be scored again: they, or the items, are not what they were."""


class AnalysisError(SearchError):
    """An analysis that does not exist, or a run that it cannot be made of."""


class ReplayError(SearchError):
    """A table cannot be replayed as asked."""


def refuse(where: str, value: object, allowed: str) -> StudyFileError:
    """One sentence that names the key, the value and what is allowed."""
    return StudyFileError(f"{where}: {value!r} is not allowed; allowed: {allowed}")


def one_of(names: Sequence[object], value: object = None) -> str:
    """The allowed names, with the closest one to ``value`` pointed out."""
    listed = ", ".join(str(name) for name in names)
    close = get_close_matches(str(value), [str(name) for name in names], n=1)
    return f"{listed} (did you mean {close[0]}?)" if close else listed


class HaltedError(SearchError):
    """Every run of the study would fail the same way: it stops, and goes on when that is mended."""


class PlacementError(EngineError):
    """The engine has no place for a run of this study; other studies may fit."""

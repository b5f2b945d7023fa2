"""Nothing secret in anything that is said.

Owns: taking passwords, tokens and keys out of text that is shown, logged or recorded: out of URLs,
wherever in them they stand, out of `name=value`, and those that this process has in its
environment. Does not cover: who says what; every face and every record of an error asks this first.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus, unquote

MASK = "***"
_SETTINGS = (
    "TALAN_API_TOKEN",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "PGPASSWORD",
    "POSTGRES_PASSWORD",
    "RAY_AUTH_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
)
_URLS = ("TALAN_STORAGE", "TALAN_ARTIFACTS")
_SHORTEST = 6  # anything shorter would hide ordinary words
_USER_INFO = re.compile(r"(?<=://)([^\s/:@'\"]*):([^\s'\"]*)@(?=[^\s@]*)")
_NAME = (
    r"(?:[\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret)[\w.-]*"
    r"|(?:[\w.-]*[_-])?(?:api|access|account|private|secret)[_-]?key(?:[_-]id)?|sig(?:nature)?"
    # not eos_token and the like, which are no secrets and often spoken of here
    r"|(?:(?:api|access|auth|hf|hub|session|refresh|id|security|sas)[_-]?)?token)"
)
_NAMED = re.compile(
    rf"(?i)(?<![\w-])({_NAME})(['\"]?\s*=\s*|['\"]\s*:\s*)(?!\*\*\*)"
    r"('[^']*'|\"[^\"]*\"|[^\s&;,'\")}]+)"
)
_TOKEN = re.compile(r"\b(hf_|ghp_|github_pat_|sk-|xox[abp]-)[\w-]{8,}|\b(Bearer\s+)[\w.~+/=-]{6,}")


def without_secrets(text: str, *, more: Iterable[str] = ()) -> str:
    """Return text with everything in it masked that is, or looks like, a secret.

    Args:
        text: What is to be said.
        more: Secrets that are known to the caller.
    """
    for secret in sorted({*_from_environment(os.environ), *more}, key=len, reverse=True):
        for form in {secret, unquote(secret), quote(secret, safe=""), quote_plus(secret)}:
            text = text.replace(form, MASK)
    text = _USER_INFO.sub(rf"\1:{MASK}@", text)
    text = _NAMED.sub(rf"\1\2{MASK}", text)
    return _TOKEN.sub(lambda found: (found[1] or found[2]) + MASK, text)


class NoSecrets(logging.Filter):
    """Takes secrets out of what is logged, tracebacks included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a record; all of them pass."""
        record.msg, record.args = without_secrets(record.getMessage()), ()
        if record.exc_info:
            text = logging.Formatter().formatException(record.exc_info)
            record.exc_text, record.exc_info = without_secrets(text), None
        return True


def secrets_in(url: str) -> list[str]:
    """The password of a URL, and the values of its query that have a secret's name."""
    found = [match[2] for match in _USER_INFO.finditer(url)]
    found += [match[3] for match in _NAMED.finditer(url.partition("?")[2])]
    return [secret for secret in found if len(secret) >= _SHORTEST]


def _from_environment(environment: Mapping[str, str]) -> list[str]:
    values = [environment.get(name, "") for name in _SETTINGS]
    for name in _URLS:
        values += secrets_in(environment.get(name, ""))
    return [value for value in values if len(value) >= _SHORTEST]

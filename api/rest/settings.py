"""The service's settings, and what of the environment sets them.

Owns: every limit of the API with its default, and ``TALAN_API_TOKEN``, ``TALAN_ALLOWED_BACKBONES``,
``TALAN_BACKBONE_ROOTS``, ``TALAN_LAUNCHES_PER_MINUTE``, ``TALAN_MAX_RUNS_PER_STUDY``,
``TALAN_OPTUNA_DASHBOARD``, ``TALAN_ROOT_PATH``. Does not cover: where the record is
(``api.places``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from api.errors import SettingsError
from api.places import artifact_url


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the API serves.

    Args:
        artifact_url: Where runs of launched studies put their artifacts; never from a request.
        token: What every call but health must bear; None: no call needs one.
        allowed_hosts: Host names that requests may be addressed to; None: any.
        allowed_backbones: Hub ids that a request may name besides the built-in backbones.
        backbone_roots: Folders below which a request may name backbones.
        max_body_bytes: The largest request body.
        launches_per_minute: How often studies may be launched or resumed, over all clients.
        plans_per_minute: How often a study's size may be asked for, over all clients.
        sign_ins_per_minute: How often a token may be tried, over all browsers.
        root_path: The path under which a proxy serves this, such as ``/talan``; empty: none.
        optuna_dashboard: The address of an Optuna Dashboard over the same studies, to link to.
        max_runs_per_study: The largest study that a request may ask for, baselines included.
        max_values: The longest list in a request.
        max_workers: The most concurrent runs that a requested study may ask for.
        max_event_streams: How many clients may follow events at once.
        max_stream_s: An event stream is ended after so long; its client goes on with a new one.
        event_poll_s: How often the record is asked for new events, for all streams together.
        heartbeat_s: After how long without an event a comment is sent.
        metrics_max_age_s: How old metrics may be, so that scraping often costs no more.
    """

    artifact_url: str
    token: str | None = None
    allowed_hosts: tuple[str, ...] | None = None
    allowed_backbones: tuple[str, ...] = ()
    backbone_roots: tuple[Path, ...] = ()
    max_body_bytes: int = 256 * 1024
    launches_per_minute: int = 30
    plans_per_minute: int = 240
    sign_ins_per_minute: int = 20
    optuna_dashboard: str | None = None
    root_path: str = ""
    max_runs_per_study: int = 100_000
    max_values: int = 1_000
    max_workers: int = 1_024
    max_event_streams: int = 200
    max_stream_s: float = 3_600.0
    event_poll_s: float = 0.5
    heartbeat_s: float = 15.0
    metrics_max_age_s: float = 5.0

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        artifacts: str | None = None,
        allowed_hosts: tuple[str, ...] | None = None,
    ) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: A number is no positive whole number, or a folder does not exist.
        """
        roots = _listed(environment.get("TALAN_BACKBONE_ROOTS", ""), separator=os.pathsep)
        return cls(
            artifact_url=artifact_url(artifacts or environment.get("TALAN_ARTIFACTS")),
            token=environment.get("TALAN_API_TOKEN") or None,
            optuna_dashboard=_web_address(environment, "TALAN_OPTUNA_DASHBOARD"),
            root_path=_root_path(environment, "TALAN_ROOT_PATH"),
            allowed_hosts=allowed_hosts,
            allowed_backbones=_listed(environment.get("TALAN_ALLOWED_BACKBONES", "")),
            backbone_roots=tuple(_folder(root) for root in roots),
            launches_per_minute=_count(environment, "TALAN_LAUNCHES_PER_MINUTE", cls),
            max_runs_per_study=_count(environment, "TALAN_MAX_RUNS_PER_STUDY", cls),
        )


def _web_address(environment: Mapping[str, str], name: str) -> str | None:
    text = environment.get(name)
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        msg = f"{name}: {text!r} is not allowed; allowed: an address such as http://127.0.0.1:8080"
        raise SettingsError(msg)
    return text


def _root_path(environment: Mapping[str, str], name: str) -> str:
    text = environment.get(name, "").rstrip("/")
    if text and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", text):
        msg = f"{name}: {text!r} is not allowed; allowed: a path such as /talan"
        raise SettingsError(msg)
    return text


def _listed(text: str, *, separator: str = ",") -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def _folder(name: str) -> Path:
    folder = Path(name)
    if not folder.is_dir() or not folder.is_absolute():
        msg = f"TALAN_BACKBONE_ROOTS: {name!r} is not allowed; allowed: absolute paths of folders"
        raise SettingsError(msg)
    return folder.resolve()


def _count(environment: Mapping[str, str], name: str, defaults: type[Settings]) -> int:
    text = environment.get(name)
    if text is None:
        return int(getattr(defaults, name.removeprefix("TALAN_").lower()))
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        msg = f"{name}: {text!r} is not allowed; allowed: whole numbers from 1"
        raise SettingsError(msg)
    return int(text)

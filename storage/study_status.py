"""Where studies stand: counts by kind and state, and G1 so far.

Owns: the one grouped query behind `talan study status` and `list`.
Does not cover: rates by host or axis (`rates.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from storage.models import Run, Study
from storage.new_rows import TREATMENT
from storage.records import RUN_STATES, StateCounts, StudyStatus
from storage.verdict import INERT, STRICT, TIED


@dataclass
class _Tally:
    states: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    g1: int = 0
    scored: int = 0
    verdicts: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def read_status(session: Session, studies: Sequence[Study]) -> list[StudyStatus]:
    """Return where each study stands, in the order given."""
    tallies = _tally(session, [study.id for study in studies])
    return [_status(study, tallies[study.id]) for study in studies]


def _tally(session: Session, study_ids: Sequence[int]) -> dict[int, _Tally]:
    tallies: dict[int, _Tally] = defaultdict(_Tally)
    query = (
        select(
            *(Run.study_id, Run.kind, Run.state),
            func.count(),
            func.count(Run.g1),
            func.coalesce(func.sum(cast(Run.g1, Integer)), 0),
            Run.verdict,
        )
        .where(Run.study_id.in_(study_ids))
        .group_by(Run.study_id, Run.kind, Run.state, Run.verdict)
    )
    for study_id, kind, state, runs, scored, g1, verdict in session.execute(query):
        tally = tallies[study_id]
        tally.states[kind][state] = tally.states[kind].get(state, 0) + runs
        if kind == TREATMENT:
            tally.scored += scored
            tally.g1 += g1
            tally.verdicts[verdict or ""] += runs
    return tallies


def _status(study: Study, tally: _Tally) -> StudyStatus:
    kinds = {
        kind: StateCounts(
            total=sum(states.values()), **{state: states.get(state, 0) for state in RUN_STATES}
        )
        for kind, states in tally.states.items()
    }
    return StudyStatus(
        name=study.name,
        state=study.standing,
        reason=standing_reason(study),
        kinds=kinds,
        g1=tally.g1,
        strict=tally.verdicts[STRICT],
        tied=tally.verdicts[TIED],
        inert=tally.verdicts[INERT],
        scored=tally.scored,
        stop_requested=study.stop_requested,
        lease_owner=study.lease_owner,
        created_at=study.created_at,
        started_at=study.started_at,
        finished_at=study.finished_at,
    )


def standing_reason(study: Study) -> str | None:
    """Why a study is where it is; also of one whose driver has gone without a word."""
    if study.standing == "running" and study.lease_is_over:
        return "nobody drives it just now: its driver has not been heard of since its lease ran out"
    return study.reason

"""Analyses on workers: asked once, done once, failed with a sentence, read beside null runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from same_words import OWNER
from scripted_executor import Script, outcomes_of
from small_spaces import GATE

from search.analyses.asking import asked_of_run
from search.analyses.references import with_references
from search.driving.analysing import carry_out, carry_out_next
from search.driving.audits import Engine, launch
from search.errors import AnalysisError
from search.study.file import parse_study
from storage import (
    BASELINE,
    SEED_NULL,
    SHAM_NULL,
    TREATMENT,
    Analysis,
    AuditStore,
    CellOutcome,
    Run,
    RunFilter,
    RunOutcome,
)

Scripted = Callable[..., tuple[Engine, Script]]


@pytest.fixture
def runs(store: AuditStore, tmp_path: Path) -> dict[str, list[Run]]:
    """A finished study's runs by kind; each has a checkpoint of its own."""
    file = parse_study(
        {
            "name": "seeded",
            "benchmarks": ["tiny_choice", "tiny_code"],
            "axes": {"layer": [1], "slots": [2, 4], "mixer": ["cross_attn"], "writeback": [GATE]},
            "null_runs": {"seed": 2, "sham": 1},
            "resources": {"workers": 1},
        }
    )
    launch(store, file, artifact_url=str(tmp_path))
    store.leases.acquire("seeded", owner=OWNER, ttl_s=60)
    for due in store.dispatch.next_pending("seeded", limit=100):
        attempt = store.dispatch.start(due.id, owner=OWNER, worker="w")
        marks = outcomes_of(due.configuration, seed=due.seed, benchmark="any", sham=due.seed)
        cells = [CellOutcome(b, marks, f"{b}-{due.id}", 1.0) for b in file.benchmarks]
        outcome = RunOutcome(cells, (1.0,), f"checkpoint-{due.id}", 1.0, {})
        store.results.finish(due.id, owner=OWNER, attempt=attempt, outcome=outcome)
    store.leases.release("seeded", owner=OWNER, state="completed")
    found: dict[str, list[Run]] = {}
    for run in store.runs.iterate("seeded", RunFilter()):
        found.setdefault(run.kind, []).append(run)
    return found


def analysed(script: Script) -> list[str]:
    log = Path(script.folder) / "analysed"
    return log.read_text().split() if log.exists() else []


def ask(store: AuditStore, run: Run, *names: str, nulls: bool = False) -> list[Analysis]:
    return store.analyses.ask(
        asked_of_run(store, run, names=names or None, items=8, with_nulls=nulls)
    )


def test_all_of_a_run_are_done_once_its_null_runs_first(
    store: AuditStore, runs: dict[str, list[Run]], scripted: Scripted
) -> None:
    engine, script = scripted()
    run = runs[TREATMENT][0]
    seen: list[str] = []
    done = carry_out(
        store, ask(store, run, nulls=True), engine=engine, watch=lambda one: seen.append(one.id)
    )
    assert {one.state for one in done} == {"completed"}
    assert sorted(seen) == sorted(one.id for one in done)
    own = [line.split(":")[0] for line in analysed(script) if line.endswith(run.id)]
    assert sorted(own) == sorted(("depth", "scale", "domains", "slots", "drift", "divergence"))
    others = [line for line in analysed(script) if not line.endswith(run.id)]
    nulls = [*runs[SEED_NULL], *runs[SHAM_NULL]]
    assert sorted(others) == sorted(
        f"{name}:checkpoint-{null.id}" for null in nulls for name in ("depth", "divergence")
    )
    assert analysed(script)[: len(others)] == others
    again = carry_out(store, ask(store, run, nulls=True), engine=engine)
    assert again == done
    assert len(analysed(script)) == len(own) + len(others)


def test_a_run_is_read_beside_its_null_runs(
    store: AuditStore, runs: dict[str, list[Run]], scripted: Scripted
) -> None:
    engine, _ = scripted()
    run = runs[TREATMENT][0]
    (alone,) = carry_out(store, ask(store, run, "depth"), engine=engine)
    summary = with_references(store, run, alone)
    assert summary
    assert summary["by_layer"][1]["null_high"] is None
    assert "no null run of this host" in summary["null"]["reason"]
    done = carry_out(store, ask(store, run, "depth", nulls=True), engine=engine)
    summary = with_references(store, run, alone)
    assert summary
    values = [(one.summary or {})["by_layer"][2]["relative_l2"] for one in done[:-1]]
    row = summary["by_layer"][2]
    assert (row["null_low"], row["null_high"]) == (min(values), max(values))
    assert summary["null"] | {"similarity": None} == {
        "runs": 3,
        "kinds": {SEED_NULL: 2, SHAM_NULL: 1},
        "reason": None,
        "similarity": None,
    }
    null = runs[SEED_NULL][0]
    own = with_references(store, null, done[0])
    assert own
    assert own["null"]["runs"] == 2  # a null run is none of its own band
    other = carry_out(
        store,
        store.analyses.ask(asked_of_run(store, run, names=["depth"], items=4, with_nulls=False)),
        engine=engine,
    )[0]
    found = with_references(store, run, other)
    assert found
    assert found["null"]["runs"] == 0  # those were on other items


def test_what_is_refused_fails_with_its_sentence_and_is_tried_when_asked_again(
    store: AuditStore, runs: dict[str, list[Run]], scripted: Scripted
) -> None:
    engine, _ = scripted(refuses=frozenset({"scale"}))
    run = runs[TREATMENT][0]
    done = {one.name: one for one in carry_out(store, ask(store, run), engine=engine)}
    assert done["scale"].state == "failed"
    assert done["scale"].error == "scale cannot be computed; allowed: another"
    assert {one.state for name, one in done.items() if name != "scale"} == {"completed"}
    engine, _ = scripted()
    (again,) = carry_out(store, ask(store, run, "scale"), engine=engine)
    assert (again.state, again.error) == ("completed", None)


@pytest.mark.parametrize(("kills", "state"), [(1, "completed"), (2, "failed")])
def test_a_worker_that_dies_is_replaced_a_bounded_number_of_times(
    store: AuditStore, runs: dict[str, list[Run]], scripted: Scripted, kills: int, state: str
) -> None:
    engine, script = scripted(kills_analyses={"slots": kills})
    (done,) = carry_out(store, ask(store, runs[TREATMENT][0], "slots"), engine=engine)
    assert done.state == state
    assert len(analysed(script)) == 2
    if state == "failed":
        assert "given up" in (done.error or "")


def test_a_scheduler_does_what_waits(
    store: AuditStore, runs: dict[str, list[Run]], scripted: Scripted
) -> None:
    engine, _ = scripted()
    assert carry_out_next(store, engine=engine) == 0
    ask(store, runs[TREATMENT][0], "drift", "slots")
    assert store.analyses.is_any_waiting()
    assert carry_out_next(store, engine=engine) == 2
    assert not store.analyses.is_any_waiting()


def test_what_a_run_cannot_be_asked_is_said(store: AuditStore, runs: dict[str, list[Run]]) -> None:
    with pytest.raises(AnalysisError, match=r"no analysis 'depht' of a run; allowed: .*depth"):
        asked_of_run(store, runs[TREATMENT][0], names=["depht"])
    with pytest.raises(AnalysisError, match="is a baseline"):
        asked_of_run(store, runs[BASELINE][0])
    with pytest.raises(AnalysisError, match="has none; allowed for it: depth, divergence"):
        asked_of_run(store, runs[SHAM_NULL][0], names=["slots"])
    with pytest.raises(AnalysisError, match="is pending; allowed: completed runs"):
        asked_of_run(store, replace(runs[TREATMENT][0], state="pending"))
    with pytest.raises(AnalysisError, match="items is 0; allowed: 1 to"):
        asked_of_run(store, runs[TREATMENT][0], items=0)
    names = {one.name for one in asked_of_run(store, runs[SEED_NULL][0], with_nulls=False)}
    assert names == {"depth", "divergence"}

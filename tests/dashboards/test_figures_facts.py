"""Facts of every figure by value, and traces that carry them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from drawn_studies import DORA, LORA, NAME, empty_study, record_study

from dashboards.errors import FigureError
from dashboards.figures import (
    CATALOGUE,
    champion_geometry,
    delta_distribution,
    delta_heatmap,
    find_figure,
    g1_rates,
    loss_curve,
    mixer_frontier,
    parallel_axes,
    published_rates,
    slot_values,
    timeline,
)
from dashboards.study_frames import StudyRecord, load_record
from storage import AuditStore


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditStore]:
    path = tmp_path_factory.mktemp("facts") / "talan.db"
    with AuditStore.open(f"sqlite:///{path}") as opened:
        record_study(opened)
        record_study(opened, "again")
        empty_study(opened)
        yield opened


@pytest.fixture(scope="module")
def record(store: AuditStore) -> StudyRecord:
    return load_record(store, NAME)


def trace(figure: go.Figure, name: str) -> Any:
    (found,) = [one for one in figure.data if one.name == name and one.hoverinfo != "skip"]
    return found


def test_g1_rates(record: StudyRecord) -> None:
    table = g1_rates.facts(record).set_index("host")
    lora, dora = table.loc[LORA], table.loc[DORA]
    assert (lora["g1"], lora["runs"], lora["rate"]) == (2, 5, 0.4)
    assert (lora["low"], lora["high"]) == pytest.approx((0.0527, 0.8534), abs=1e-4)
    assert (lora["strict"], lora["strict_rate"]) == (2, 0.4)
    assert (lora["seed_null_g1"], lora["seed_null_runs"], lora["seed_null_rate"]) == (1, 2, 0.5)
    assert pd.isna(lora["sham_null_rate"])
    # A run of LoRA ended early: neither it nor the others can be tested.
    assert pd.isna(lora["rotation_p"])
    assert pd.isna(lora["expected_rate"])
    assert (dora["g1"], dora["strict"], dora["rotation_p"]) == (1, 0, 1.0)
    assert dora["expected_rate"] == 1.0


def test_g1_rates_are_drawn_with_intervals_and_references_by_host(record: StudyRecord) -> None:
    figure = g1_rates.draw(record)
    rates = trace(figure, "G1 rate")
    assert list(rates.x) == [0.4, 1.0]
    assert list(rates.error_x.array) == pytest.approx([0.4534, 0.0], abs=1e-4)
    assert list(trace(figure, "null rate (seed)").x) == [0.5]
    assert list(trace(figure, "expected by chance").x) == [1.0]
    assert not figure.layout.shapes  # hosts are never pooled: no line over all of them
    assert "no benchmark below the matched baseline" in rates.hovertext[0]


def test_mixer_frontier(record: StudyRecord) -> None:
    table = mixer_frontier.facts(record).set_index(["host", "mixer"])
    cross, local = table.loc[(LORA, "cross_attn")], table.loc[(LORA, "multihead_local")]
    assert (cross["g1"], cross["runs"], cross["best"], cross["best_strict"]) == (1, 2, 17.5, 5.0)
    assert (local["g1"], local["runs"], local["best"]) == (1, 3, 10.0)
    figure = mixer_frontier.draw(record)
    lora = trace(figure, LORA)
    assert list(lora.x) == pytest.approx([1 / 2, 1 / 3])
    assert list(lora.y) == [17.5, 10.0]
    assert any("1 run that ended early" in note for note in figure.layout.meta["notes"])


def test_slots(record: StudyRecord) -> None:
    table = slot_values.facts(record).set_index(["host", "slots"])
    assert table.loc[(LORA, 2)].to_dict() == {"runs": 2, "g1": 2, "best": 10.0, "median": 7.5}
    assert table.loc[(LORA, 4)].to_dict() == {"runs": 3, "g1": 0, "best": 17.5, "median": 6.25}
    figure = slot_values.draw(record)
    best, median = [one for one in figure.data if one.name == LORA]
    assert (list(best.x), list(best.y)) == (["2", "4"], [10.0, 17.5])
    assert list(median.y) == [7.5, 6.25]


def test_champions(record: StudyRecord) -> None:
    table = champion_geometry.facts(record)
    assert len(table) == 3
    best = table[table["champion"]].set_index("host").loc[LORA]
    assert (best["depth"], best["slots"], best["alpha"], best["mean_delta"]) == (0.5, 2, 0.1, 10.0)
    figure = champion_geometry.draw(record)
    lora = trace(figure, f"{LORA}, α 0.1")  # noqa: RUF001
    assert lora.y[0] == 0.5
    # The other host's run gains nothing: it is G1 and no champion.
    assert table[table["host"] == DORA]["champion"].tolist() == [False]
    assert not any(DORA in (one.name or "") for one in figure.data)


def test_a_host_that_gains_nothing_has_no_champion(record: StudyRecord) -> None:
    narrowed = record.narrowed(adapter="dora-r8")
    assert champion_geometry.facts(narrowed)["champion"].tolist() == [False]
    (said,) = champion_geometry.draw(narrowed).layout.annotations
    assert "no run is strict G1: there is no champion" in said.text


def test_delta_heatmap(record: StudyRecord) -> None:
    table = delta_heatmap.facts(record)
    assert table["mean_delta"].tolist() == [17.5, 10.0, 5.0, 0.0, -5.0]
    assert table["g1"].tolist() == [False, True, True, True, False]
    assert table.loc[0, ["tiny_choice", "tiny_code"]].tolist() == pytest.approx([-5.0, 40.0])
    marks, deltas = delta_heatmap.draw(record).data
    assert [row[0] for row in marks.z] == [None, 1.0, 1.0, 1.0, None]
    assert deltas.z[1].tolist() == pytest.approx([0.0, 20.0, 10.0])
    assert "multihead_local" in deltas.y[1]
    assert len(set(deltas.y)) == 5


def test_delta_distribution(record: StudyRecord) -> None:
    table = delta_distribution.facts(record).set_index(["benchmark", "group"])
    choice = table.loc[("tiny_choice", "runs")]  # 10, -5, 0, -10, 0, and one that ended early
    assert (choice["cells"], choice["missing"]) == (5, 1)
    assert (choice["median"], choice["mean"], choice["non_negative"]) == (0.0, -1.0, 0.6)
    nulls = table.loc[("tiny_choice", "null runs")]  # 0 and -5
    assert (nulls["median"], nulls["q25"], nulls["non_negative"]) == (-2.5, -3.75, 0.5)
    figure = delta_distribution.draw(record)
    (box,) = [one for one in figure.data if one.type == "box" and one.name == "runs"]
    assert list(box.y) == ["tiny_choice", "tiny_code", "mean"]
    assert list(box.median) == [0.0, 0.0, 5.0]
    assert any("2 cells" in note for note in figure.layout.meta["notes"])


def test_parallel_axes(record: StudyRecord) -> None:
    table = parallel_axes.facts(record)
    assert table["mean_delta"].tolist() == [-5.0, 0.0, 5.0, 10.0, 17.5]
    (lines,) = parallel_axes.draw(record).data
    by_label = {dimension.label: dimension for dimension in lines.dimensions}
    assert list(by_label) == [
        "layer",
        "T",
        "mixer",
        "writeback",
        "trained",
        "gamma",
        "mean delta (pp)",
    ]
    assert list(by_label["mean delta (pp)"].values) == table["mean_delta"].tolist()
    assert list(by_label["layer"].ticktext) == ["0", "1", "3"]
    assert [round(place) for place in by_label["layer"].values] == [1, 0, 0, 2, 2]


def test_timeline(record: StudyRecord, store: AuditStore) -> None:
    table = timeline.facts(record)
    begun = [run for run in store.runs.iterate(NAME) if run.started_at]
    assert sorted(table["id"]) == sorted(run.id for run in begun)
    assert table["what"].value_counts().to_dict() == {
        **{"G1": 3, "not G1": 3, "baseline": 2, "null run": 2, "failed": 1}
    }
    figure = timeline.draw(record)
    (failed,) = [one for one in figure.data if one.name == "failed"]
    assert list(failed.y) == ["worker-1"]
    seconds = table.loc[table["what"] == "failed", "seconds"].iloc[0]
    assert failed.x[0] == round(seconds * 1000)


def test_busy_share() -> None:
    start = pd.Timestamp("2026-01-01", tz="UTC")
    table = pd.DataFrame(
        {
            "worker": ["a", "a", "b"],
            "start": [start, start + pd.Timedelta(seconds=6), start],
            "end": [start + pd.Timedelta(seconds=at) for at in (4, 10, 10)],
            "seconds": [4.0, 4.0, 10.0],
        }
    )
    assert timeline.busy_share(table) == pytest.approx(0.9)


def test_published_rates(record: StudyRecord) -> None:
    table = published_rates.facts(record)
    assert table["source"].value_counts().to_dict() == {"published": 4, "this study": 2}
    theirs = trace(published_rates.draw(record), "published")
    assert list(theirs.x) == table.loc[table["source"] == "published", "rate"].tolist()


def test_loss_curve(store: AuditStore, record: StudyRecord) -> None:
    run_id, baseline_id = record.treatments["id"].iloc[0], record.runs["id"].iloc[0]
    found = loss_curve.load_losses(store, run_id)
    assert found.baseline_id == baseline_id
    table = loss_curve.facts(found)
    assert table["loss"].tolist() == [2.5, 1.25, 2.5, 1.25]
    assert table["step"].tolist() == [1, 2, 1, 2]
    assert list(trace(loss_curve.draw(found), "run").y) == [2.5, 1.25]
    assert loss_curve.load_losses(store, baseline_id).baseline_id is None


@pytest.mark.parametrize("figure", CATALOGUE, ids=lambda figure: figure.key)
def test_an_empty_study_is_a_figure_that_says_why(store: AuditStore, figure: Any) -> None:
    empty = load_record(store, "empty")
    drawn = figure.draw(empty, theme="dark")
    if figure.key == "published-rates":  # the published ones are there all the same
        assert len(figure.facts(empty)) == 4
        return
    assert figure.facts(empty).empty
    (note,) = drawn.layout.annotations
    assert note.text


@pytest.mark.parametrize("figure", CATALOGUE, ids=lambda figure: figure.key)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_draws_in_both_themes(record: StudyRecord, figure: Any, theme: str) -> None:
    assert figure.draw(record, theme=theme).layout.meta["title"] == figure.title
    assert figure.question.endswith("?")


@pytest.mark.parametrize("figure", CATALOGUE, ids=lambda figure: figure.key)
def test_every_figure_draws_several_studies(
    store: AuditStore, record: StudyRecord, figure: Any
) -> None:
    both = [record, load_record(store, "again")]
    published = 4 if figure.key == "published-rates" else 0
    assert len(figure.facts(both)) == 2 * len(figure.facts(record)) - published
    assert figure.draw(both).layout.meta["title"] == figure.title


def test_importance_is_drawn_from_what_search_found(record: StudyRecord) -> None:
    from dataclasses import replace

    from search.follow_ups.importance import AxisImportance, HostImportance

    axes = (AxisImportance("mixer", 0.75, (0.5, 0.9)), AxisImportance("layer", 0.25, None))
    lora = HostImportance("tiny-qwen3", "lora-r8", 12, 3, 20, axes)
    dora = HostImportance("tiny-qwen3", "dora-r8", 1, 1, 0, (), "1 completed trials")
    known = replace(record, importance={NAME: (lora, dora)})
    figure = find_figure("axis-importance").draw(known)
    (bars,) = figure.data
    assert (list(bars.y), list(bars.x)) == (["layer", "mixer"], [0.25, 0.75])
    assert any(f"{DORA}: 1 completed trials." in note for note in figure.layout.meta["notes"])
    assert known.narrowed(adapter="dora-r8").importance == {NAME: (dora,)}
    assert known.narrowed(slots=2).importance is None


def test_what_is_not_there() -> None:
    with pytest.raises(FigureError, match=r"no figure 'slot'; allowed: .*did you mean slots"):
        find_figure("slot")
    with pytest.raises(FigureError, match="theme: 'pink' is not allowed; allowed: light, dark"):
        loss_curve.draw(loss_curve.RunLosses("r", (1.0,), None, ()), theme="pink")

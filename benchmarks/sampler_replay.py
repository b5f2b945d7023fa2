"""Which sampler finds G1 configurations soonest: a study's table, replayed.

Prints G1 found after 50, 100, 200 and 400 runs, mean over seeds with the 5% and 95% quantiles. By
default on a made-up table (benchmarks/structured_table.py) with and without structure; with a
finished study, on what that study measured, host by host. TPE goes to 200 runs unless told
otherwise: converged, most of its proposals are repeats, and each of them takes 10 ms.

    .venv/bin/python benchmarks/sampler_replay.py [--seeds 50] [--structure 0.5 0]
    .venv/bin/python benchmarks/sampler_replay.py --storage sqlite:///talan.db --study NAME
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import Any

from replay import ReplayTable
from replay_summary import compare_samplers
from report import report
from structured_table import structured_table

from search.errors import SearchError
from storage import AuditStore, RunFilter, StorageError

SAMPLERS = ("grid", "random", "tpe", "nsga2")


def tables(options: argparse.Namespace) -> dict[str, ReplayTable]:
    """The tables to replay, by name."""
    if not options.study:
        return {
            f"structure {share:g}": structured_table(structure=share, seed=options.table_seed)
            for share in options.structure
        }
    with AuditStore.open(options.storage, create=False) as store:
        runs = list(store.runs.iterate(options.study, RunFilter(kind="treatment")))
    hosts = dict.fromkeys((run.backbone, run.adapter) for run in runs)
    return {
        " ".join(host): ReplayTable.from_runs(r for r in runs if (r.backbone, r.adapter) == host)
        for host in hosts
    }


def rows_of(
    name: str, table: ReplayTable, *, options: argparse.Namespace, pool: Executor
) -> list[dict[str, Any]]:
    """One row a sampler and number of runs."""
    began, rows = time.monotonic(), []
    in_chunks = partial(pool.map, chunksize=max(1, options.seeds // 10))
    for sampler in options.samplers:
        most = options.tpe_runs if sampler == "tpe" else max(options.after)
        after = [runs for runs in options.after if runs <= most]
        seeds = {sampler: range(options.seeds)}
        found = compare_samplers(table, seeds=seeds, after=after, mapper=in_chunks)
        rows += [{"table": name, **asdict(row)} for row in found]
        print(f"{name}: {sampler} done, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return rows


def main() -> None:
    """Replay each table and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--storage", default="sqlite:///talan.db")
    parser.add_argument("--study", help="a finished study; without it, made-up tables")
    parser.add_argument("--structure", type=float, nargs="+", default=[0.5, 0.0])
    parser.add_argument("--table-seed", type=int, default=0)
    parser.add_argument("--samplers", nargs="+", default=SAMPLERS)
    parser.add_argument("--after", type=int, nargs="+", default=[50, 100, 200, 400])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--tpe-runs", type=int, default=200, help="the most runs for tpe")
    options = parser.parse_args()
    began = time.monotonic()
    try:
        named = tables(options)
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            rows = [
                row
                for name, table in named.items()
                for row in rows_of(name, table, options=options, pool=pool)
            ]
    except (SearchError, StorageError) as error:
        sys.exit(f"sampler_replay: {error}")
    facts = {
        name: {
            "configurations": len(table.results),
            "g1": table.num_g1,
            "rate": table.num_g1 / len(table.results),
            "coverage": table.coverage,
            "runs_left_out": table.num_left_out,
        }
        for name, table in named.items()
    }
    report("sampler_replay", rows=rows, tables=facts, seconds=round(time.monotonic() - began, 1))


if __name__ == "__main__":
    main()

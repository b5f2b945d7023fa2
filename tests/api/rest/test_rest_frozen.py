"""A database that says nothing, forbids or is large: the service answers all the same."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import httpx2
import psycopg
import pytest
from patience import STILL_S
from postgres_server import PostgresServer, frozen
from rest_record import client, seed
from test_rest_service import served

from search.study import host_checks


def test_readiness_is_told_while_the_database_is_frozen(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    seed(postgres_url, tmp_path)
    with served(postgres_url, tmp_path) as api:
        assert httpx2.get(f"{api}/health/ready").status_code == 200
        with frozen(postgres_server):
            threads = [
                threading.Thread(target=_ask, args=(f"{api}/api/v1/studies",)) for _ in range(50)
            ]
            for thread in threads:  # more than there are threads for such calls
                thread.start()
            with ThreadPoolExecutor(8) as pool:
                answers = list(
                    pool.map(lambda _: httpx2.get(f"{api}/health/ready", timeout=STILL_S), range(8))
                )
            assert {answer.status_code for answer in answers} == {503}
            assert answers[0].json()["type"] == "urn:talan:problem:storage-unavailable"
            assert httpx2.get(f"{api}/health/live").status_code == 200
        for thread in threads:
            thread.join()
        assert httpx2.get(f"{api}/health/ready", timeout=STILL_S).status_code == 200


def _ask(address: str) -> None:
    with suppress(httpx2.HTTPError):
        httpx2.get(address, timeout=STILL_S)


def test_what_the_database_forbids_is_said_without_its_address(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    seed(postgres_url, tmp_path)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE looker LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
    looker = client(postgres_url.replace("talan@", "looker@"), tmp_path)
    assert looker.get("/api/v1/studies").status_code == 200
    refused = looker.post("/api/v1/studies/grid/stop")
    assert (refused.status_code, refused.json()["type"]) == (
        500,
        "urn:talan:problem:storage-forbidden",
    )
    assert str(postgres_server.port) not in refused.text
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP OWNED BY looker")
        connection.execute("DROP ROLE looker")


class TestLargeAxes:
    BODY: ClassVar = {
        "name": "huge",
        "axes": {
            "slots": list(range(1, 1001)),
            "writeback": [
                {"rule": "gate", "gate": "vector", "alpha": number / 1000}
                for number in range(1, 1001)
            ],
        },
        "design": {"sampler": "grid", "max_runs": 10},
    }

    def test_a_thousand_slots_with_a_thousand_alphas_are_few_shapes(
        self, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sized = []
        size = host_checks.HostShape.size

        def counted(self: host_checks.HostShape, *args: object, **keys: object) -> object:
            sized.append(args)
            return size(self, *args, **keys)

        monkeypatch.setattr(host_checks.HostShape, "size", counted)
        asked = client(sqlite_url, tmp_path)
        plan = asked.post("/api/v1/studies/plan", json=self.BODY).json()
        assert (plan["configurations"], plan["runs"], plan["baselines"]) == (10, 10, 1)
        launched = asked.post("/api/v1/studies", json=self.BODY)
        assert launched.status_code == 202, launched.text
        assert launched.json()["runs"]["total"] == 10
        assert len(sized) == 2 * 3  # a plan and a launch: the fewest slots, the most, and none

    def test_more_pairs_of_training_and_gamma_than_anybody_counts_are_refused(
        self, sqlite_url: str, tmp_path: Path
    ) -> None:
        axes = {
            "trainability": [{"scope": "all", "warmup_identity": n} for n in range(1000)],
            "gradient_scale": list(range(1, 1001)),
        }
        body = {**self.BODY, "axes": axes}
        refused = client(sqlite_url, tmp_path).post("/api/v1/studies/plan", json=body)
        assert refused.status_code == 422
        assert (
            "1000 trainabilities with 1000 gradient scales are too many; allowed: 10000"
            in (refused.json()["detail"])
        )

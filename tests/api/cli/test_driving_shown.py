"""What is said where driving ends early."""

from __future__ import annotations

import pytest

from api.cli.driving import drive_shown
from search import driving
from storage import AuditStore

LONG = "a-study-with-a-name-that-is-quite-long-and-does-not-fit-a-line-of-eighty"


@pytest.mark.parametrize("state", ["stopped", None])
def test_the_command_that_goes_on_is_one_line_to_copy(
    state: str | None,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def end(*_: object, **__: object) -> str:
        if state is None:
            raise KeyboardInterrupt
        return state

    monkeypatch.setattr(driving, "drive", end)
    monkeypatch.setenv("COLUMNS", "80")
    with AuditStore.open(sqlite_url) as store:
        if state is None:
            with pytest.raises(SystemExit) as ended:
                drive_shown(store, LONG, ray_address=None)
            assert ended.value.code == 130
        else:
            assert drive_shown(store, LONG, ray_address=None) == state
    lines = capsys.readouterr().err.splitlines()
    assert any(line.endswith(f"Go on with: talan study resume {LONG}") for line in lines)

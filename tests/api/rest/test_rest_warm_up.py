"""What a server loads at its start."""

from __future__ import annotations

import sys

from api.rest.warm_up import warm_up


def test_what_a_launch_needs_is_loaded():
    warm_up().join()
    assert {
        "torch",
        "lm_eval",
        "search.driving.audits",
        "search.cost.planned",
    } <= sys.modules.keys()

"""``/studies/{name}/methods``: methods other than TALAN, each with its null."""

from __future__ import annotations

from fastapi import APIRouter

from api.rest.names import StudyName
from api.rest.openapi import problems
from api.rest.store_provider import Store
from api.views.methods import Method
from search.methods.rows import method_rows

router = APIRouter(tags=["rates"])


@router.get("/studies/{name}/methods", responses=problems(404, 422))
def list_methods(name: StudyName, store: Store) -> list[Method]:
    """List a study's methods: deltas, the method's null, cost, and what could not be matched.

    One run per method, host and seed, in the order of the plan. They are in no G1 rate of the
    configurations.
    """
    return [Method.from_row(row) for row in method_rows(store, name)]

"""What a request asks for when it asks for analyses.

Owns: the body's keys and their bounds. Does not cover: which analyses a run can be asked
(``search.analyses.asking``).
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.rest.problems import Problem
from search.analyses.catalogue import CATALOGUE, ITEMS

_LARGEST_ITEMS = 1000  # over REST: a request is not to hold a worker for hours


class AnalysesRequest(BaseModel):
    """Which analyses of a run."""

    model_config = ConfigDict(extra="forbid", strict=True)

    analyses: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)] | None = (
        Field(default=None, description="their names; all that the run can be asked without it")
    )
    items: Annotated[int, Field(ge=1, le=_LARGEST_ITEMS)] = Field(
        default=ITEMS, description="items looked at, over all benchmarks"
    )
    nulls: bool = Field(default=True, description="whether the run's null runs are analysed, too")

    @classmethod
    def read(cls, content: object) -> Self:
        """Read a body.

        Raises:
            Problem: 422, naming the key and what is allowed.
        """
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "body"
            detail = f"{where}: {first['msg'][:200]}; allowed keys: analyses, items, nulls"
            raise Problem(422, "invalid-analysis", detail) from error


def analyses_request() -> dict[str, Any]:
    """The body in the OpenAPI document."""
    schema = AnalysesRequest.model_json_schema()
    names = [kind.name for kind in CATALOGUE if not kind.of_study]
    example = {"analyses": names[:2], "items": ITEMS}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}

"""Parameters that several resources share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from api.views.base import Text
from api.views.runs import RUN
from api.views.studies import STATUS

StudyName = Annotated[
    str, Path(description="the study's name", max_length=200, examples=[STATUS["name"]])
]
RunId = Annotated[str, Path(description="16 hex digits", max_length=200, examples=[RUN["id"]])]
AnyStudy = Annotated[Text | None, Query(description="only this study")]

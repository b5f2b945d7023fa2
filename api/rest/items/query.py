"""Which items of a run."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.views.base import Text


class ItemQuery(BaseModel):
    """Which items of a run."""

    model_config = ConfigDict(extra="forbid")

    benchmark: Text = Field(description="one of the run's cells")
    limit: int = Field(default=1000, ge=1, le=5000)
    cursor: str = Field(default="0", pattern=r"^[0-9]{1,9}$", description="a page's X-Next-Cursor")
    prompts: bool = Field(default=False, description="with each item's prompt")

"""What goes over the wire, as models: the OpenAPI document is made of these.

Owns: field names, types and examples of every answer, and the queries of listings, a file a
resource. Does not cover: how values come about; ``api.shapes`` builds the answers, and a test holds
the two together.
"""

from api.rest.schemas.base import (
    Axis,
    Interval,
    Percent,
    PointsPp,
    RunState,
    Text,
)
from api.rest.schemas.plans import BasedOn, Estimate, StudyPlan
from api.rest.schemas.queries import (
    ItemQuery,
    RunQuery,
    Sort,
)
from api.rest.schemas.rates import (
    ExpectedRate,
    G1Rate,
    KindRate,
    NullRate,
    RateTest,
)
from api.rest.schemas.reference import (
    PublishedCell,
    PublishedChampion,
    PublishedChance,
    Reference,
)
from api.rest.schemas.runs import (
    BOUNDED_CELL,
    CELL,
    CONFIGURATION,
    RUN,
    Baseline,
    BoundedCell,
    Cell,
    CellBounds,
    Champion,
    Configuration,
    Item,
    Run,
    RunDetails,
    Trainability,
    Writeback,
)
from api.rest.schemas.service import (
    Health,
    ProblemDetails,
    ProblemPlace,
)
from api.rest.schemas.studies import (
    COUNTS,
    STATUS,
    STUDY_FILE,
    Counts,
    G1Share,
    StudyState,
    StudyStatus,
)

__all__ = [
    "BOUNDED_CELL",
    "CELL",
    "CONFIGURATION",
    "COUNTS",
    "RUN",
    "STATUS",
    "STUDY_FILE",
    "Axis",
    "BasedOn",
    "Baseline",
    "BoundedCell",
    "Cell",
    "CellBounds",
    "Champion",
    "Configuration",
    "Counts",
    "Estimate",
    "ExpectedRate",
    "G1Rate",
    "G1Share",
    "Health",
    "Interval",
    "Item",
    "ItemQuery",
    "KindRate",
    "NullRate",
    "Percent",
    "PointsPp",
    "ProblemDetails",
    "ProblemPlace",
    "PublishedCell",
    "PublishedChampion",
    "PublishedChance",
    "RateTest",
    "Reference",
    "Run",
    "RunDetails",
    "RunQuery",
    "RunState",
    "Sort",
    "StudyPlan",
    "StudyState",
    "StudyStatus",
    "Text",
    "Trainability",
    "Writeback",
]

"""What goes over the wire, as models: the OpenAPI document is made of these.

Owns: field names, types and examples of every answer, a file a resource. Does not cover: how values
come about; ``api.views.shapes`` builds the answers, and a test holds the two together.
"""

from api.views.base import (
    Axis,
    Interval,
    Percent,
    PointsPp,
    RunState,
    Text,
)
from api.views.plans import BasedOn, Estimate, StudyPlan
from api.views.rates import (
    ExpectedRate,
    G1Rate,
    KindRate,
    NullRate,
    RateTest,
)
from api.views.reference import (
    PublishedCell,
    PublishedChampion,
    PublishedChance,
    Reference,
)
from api.views.runs import (
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
from api.views.service import (
    Health,
    ProblemDetails,
    ProblemPlace,
)
from api.views.studies import (
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
    "RunState",
    "StudyPlan",
    "StudyState",
    "StudyStatus",
    "Text",
    "Trainability",
    "Writeback",
]

"""Pure statistics of an audit: no database, no engine, no file. See docs/statistics.md."""

from search.statistics.bootstrap import MeanInterval, NetInterval, bootstrap_mean, bootstrap_net
from search.statistics.chance import (
    ChanceRate,
    cell_chance,
    chance_from_rates,
    chance_over_runs,
    chance_rate,
)
from search.statistics.early_verdicts import (
    CellBounds,
    CellForecast,
    EarlyVerdict,
    early_verdict,
    loss_probability,
    order_cells,
    order_items,
    stop_after,
)
from search.statistics.errors import StatisticsError
from search.statistics.mcnemar import McNemar, PValues, mcnemar_test
from search.statistics.null_rate import (
    Rate,
    RateComparison,
    ValueComparison,
    compare_rates,
    compare_values,
    holm,
)
from search.statistics.pairs import Pairs
from search.statistics.seeds import (
    SeedSummary,
    SeedTable,
    seed_summary,
    seed_table,
    summary_from_moments,
)
from search.statistics.selection import SelectionCorrected, correct_selection
from search.statistics.shared_baseline import RateSpread, rate_spread, share_as_high
from search.statistics.sign_tests import SignTest, backbone_sign_test, sign_test

__all__ = [
    "CellBounds",
    "CellForecast",
    "ChanceRate",
    "EarlyVerdict",
    "McNemar",
    "MeanInterval",
    "NetInterval",
    "PValues",
    "Pairs",
    "Rate",
    "RateComparison",
    "RateSpread",
    "SeedSummary",
    "SeedTable",
    "SelectionCorrected",
    "SignTest",
    "StatisticsError",
    "ValueComparison",
    "backbone_sign_test",
    "bootstrap_mean",
    "bootstrap_net",
    "cell_chance",
    "chance_from_rates",
    "chance_over_runs",
    "chance_rate",
    "compare_rates",
    "compare_values",
    "correct_selection",
    "early_verdict",
    "holm",
    "loss_probability",
    "mcnemar_test",
    "order_cells",
    "order_items",
    "rate_spread",
    "seed_summary",
    "seed_table",
    "share_as_high",
    "sign_test",
    "stop_after",
    "summary_from_moments",
]

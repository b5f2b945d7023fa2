"""Pure statistics of an audit: no database, no engine, no file. See docs/concepts/statistics.md."""

from search.statistics.bootstrap import MeanInterval, NetInterval, bootstrap_mean, bootstrap_net
from search.statistics.chance import (
    ChanceRate,
    chance_from_rates,
)
from search.statistics.early_verdicts import (
    CellForecast,
    loss_probability,
    order_cells,
)
from search.statistics.errors import StatisticsError
from search.statistics.exact import exact_mean, of_delta, of_mean
from search.statistics.exchangeability import Discordances, discordances, over_baselines
from search.statistics.expected import (
    BaselineRuns,
    Expected,
    cell_correlation,
    expected_g1,
    run_chances,
)
from search.statistics.mcnemar import McNemar, PValues, mcnemar_test
from search.statistics.multiple import Dunnett, benjamini_hochberg, dunnett
from search.statistics.near_duplicates import distinct_runs
from search.statistics.null_kinds import (
    ComparedRuns,
    NoTest,
    NullKind,
    NullTest,
    null_kind,
    null_test,
)
from search.statistics.pairs import Pairs
from search.statistics.rate_intervals import RateInterval, intraclass_correlation, rate_interval
from search.statistics.rotation import (
    CombinedRotation,
    RotationTest,
    combine_p,
    combine_rotations,
    rotation_test,
)
from search.statistics.seeds import (
    SeedSummary,
    SeedTable,
    seed_summary,
    seed_table,
    summary_from_moments,
)
from search.statistics.selection import SelectionCorrected, correct_selection
from search.statistics.sign_tests import SignTest, backbone_sign_test, sign_test
from search.statistics.stratified import StratifiedTest, Stratum, stratified_test

__all__ = [
    "BaselineRuns",
    "CellForecast",
    "ChanceRate",
    "CombinedRotation",
    "ComparedRuns",
    "Discordances",
    "Dunnett",
    "Expected",
    "McNemar",
    "MeanInterval",
    "NetInterval",
    "NoTest",
    "NullKind",
    "NullTest",
    "PValues",
    "Pairs",
    "RateInterval",
    "RotationTest",
    "SeedSummary",
    "SeedTable",
    "SelectionCorrected",
    "SignTest",
    "StatisticsError",
    "StratifiedTest",
    "Stratum",
    "backbone_sign_test",
    "benjamini_hochberg",
    "bootstrap_mean",
    "bootstrap_net",
    "cell_correlation",
    "chance_from_rates",
    "combine_p",
    "combine_rotations",
    "correct_selection",
    "discordances",
    "distinct_runs",
    "dunnett",
    "exact_mean",
    "expected_g1",
    "intraclass_correlation",
    "loss_probability",
    "mcnemar_test",
    "null_kind",
    "null_test",
    "of_delta",
    "of_mean",
    "order_cells",
    "over_baselines",
    "rate_interval",
    "rotation_test",
    "run_chances",
    "seed_summary",
    "seed_table",
    "sign_test",
    "stratified_test",
    "summary_from_moments",
]

"""Twelve configurations that Ray Tune's OptunaSearch proposes from earlier results.

Run it with `python examples/tune/optuna_search.py`; then `talan runs tune-optuna` has the results.
"""

from ray import tune
from ray.tune.search import ConcurrencyLimiter
from ray.tune.search.optuna import OptunaSearch

from search.driving.tune_record import AuditExperiment

STUDY = {
    "name": "tune-optuna",
    "axes": {
        "layer": [0, 1, 2, 3, 4],
        "slots": [2, 4],
        "mixer": ["per_token_mix", "cross_attn", "multihead_local"],
    },
    "resources": {"workers": 2},
}

if __name__ == "__main__":
    with AuditExperiment(STUDY, artifacts="talan-artifacts", storage="sqlite:///talan.db") as audit:
        search = OptunaSearch(metric="mean_delta", mode="max", seed=0)
        tuner = tune.Tuner(
            audit.trainable,
            param_space=audit.space,
            tune_config=tune.TuneConfig(
                search_alg=ConcurrencyLimiter(search, max_concurrent=2),
                num_samples=12,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(callbacks=audit.callbacks, verbose=1),
        )
        print(tuner.fit().get_best_result("mean_delta", "max").config)

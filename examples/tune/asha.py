"""Eight configurations under Ray Tune's ASHA, which stops runs between benchmarks.

Run it with `python examples/tune/asha.py`; then `talan runs tune-asha` has the results.
"""

from ray import tune
from ray.tune.schedulers import ASHAScheduler

from search.driving.tune_record import AuditExperiment

STUDY = {
    "name": "tune-asha",
    "axes": {"layer": [0, 1, 2, 3], "mixer": ["per_token_mix", "cross_attn"]},
    "resources": {"workers": 2},
}

if __name__ == "__main__":
    with AuditExperiment(STUDY, artifacts="talan-artifacts", storage="sqlite:///talan.db") as audit:
        tuner = tune.Tuner(
            audit.trainable,
            param_space={axis: tune.grid_search(c.categories) for axis, c in audit.space.items()},
            tune_config=tune.TuneConfig(
                scheduler=ASHAScheduler(metric="worst_delta", mode="max", grace_period=1, max_t=4),
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(callbacks=audit.callbacks, verbose=1),
        )
        results = tuner.fit()
    print(results.get_dataframe()[["config/layer", "config/mixer", "mean_delta", "lost", "g1"]])

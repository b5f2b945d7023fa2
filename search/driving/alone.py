"""One configuration trained by itself, in this process.

Owns: training it with the executor that audits use, so that the same seed gives the same bytes, and
leaving its model folder. Nothing is measured. Does not cover: reading the configuration
(``search.study.single``), the model card (``dashboards.model_card``).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from search.driving.run_executors import make_run_executor
from search.study.keys import Resources
from search.study.single import Single
from storage import ArtifactStore
from workers.job.jobs import TrainResult


def train_alone(single: Single, folder: Path) -> TrainResult:
    """Train, and write the model folder; it has no card yet.

    Args:
        single: What to train.
        folder: Where to; empty, or made if it is missing.

    Raises:
        WorkerError: It cannot be trained.
    """
    single.audit.suite.check_train_file()
    with tempfile.TemporaryDirectory(prefix="talan-alone-") as artifacts:
        executor = make_run_executor(Resources())
        try:
            trained = executor.begin(single.job(artifact_url=artifacts))
        finally:
            executor.close()
        folder.mkdir(parents=True, exist_ok=True)
        ArtifactStore(artifacts).get_folder(trained.checkpoint.name, folder)
    return trained

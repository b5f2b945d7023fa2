"""What a run needs on the node it is done on: fetched there if it is not at hand.

Owns: putting a study's suite and local backbones beside its artifacts, and turning a job into one
whose names lead to files of this node. What is recorded of a run keeps the names of its study.
Does not cover: bundles themselves (``workers.data.bundles``).
"""

from collections.abc import Sequence
from dataclasses import replace

from storage.artifacts import ArtifactStore
from workers.backbones.bundled import FOLDER, travelling_files
from workers.data.bundles import fetch_bundle, put_bundle
from workers.job.jobs import RunJob, Supplies
from workers.suites.bundled import is_packaged, suite_facts, suite_files
from workers.suites.suite import Suite


def put_supplies(
    url: str, suite: Suite, benchmarks: Sequence[str], *, backbones: Sequence[str]
) -> Supplies:
    """Put what a study's runs need into its artifact store; nothing of what is there already.

    Args:
        url: The artifact store's.
        suite: The study's.
        benchmarks: Those of the study.
        backbones: Their names.
    """
    store, bundle = ArtifactStore(url), None
    if not is_packaged(suite):
        bundle = put_bundle(store, suite_files(suite, benchmarks), suite_facts(suite, benchmarks))
    local = {name: files for name in backbones if (files := travelling_files(name))}
    facts = {"kind": "backbone"}
    return Supplies(
        bundle, {name: put_bundle(store, files, facts) for name, files in local.items()}
    )


def at_hand(job: RunJob) -> RunJob:
    """The job with names that lead to files of this node; itself where nothing travels."""
    if job.supplies is None:
        return job
    store = ArtifactStore(job.artifact_url)
    suite, backbone = job.supplies.suite, job.supplies.backbones.get(job.backbone)
    return replace(
        job,
        suite=job.suite if suite is None else str(fetch_bundle(store, suite)),
        backbone=job.backbone if backbone is None else str(fetch_bundle(store, backbone) / FOLDER),
        base_model=job.base_model or job.backbone,
        supplies=None,
    )

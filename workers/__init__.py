"""One run of an audit: backbone, adapter, TALAN, matched training, evaluation."""

from workers.job.jobs import AdapterSpec, CellResult, RunJob, TrainResult

__all__ = ["AdapterSpec", "CellResult", "RunJob", "TrainResult"]

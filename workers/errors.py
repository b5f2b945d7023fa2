"""The one error tree of this package, and how a foreign error is told in one line.

Every message is one sentence that names the bad value and what is allowed;
whoever catches a `WorkerError` may print it as it is. Programming errors are not wrapped.
"""

from talan.errors import first_line as first_line  # noqa: PLC0414 - both packages tell alike


class WorkerError(Exception):
    """Something a run was asked to do cannot be done."""


class BackboneError(WorkerError):
    """The backbone is missing, incomplete or not of a shape that TALAN can be put into."""


class SuiteError(WorkerError):
    """The suite or the benchmark does not exist, or its data cannot be read."""


class RecipeError(WorkerError):
    """A key or a value of the training recipe is not allowed."""


class AdapterError(WorkerError):
    """The adapter's type, rank or target modules do not fit."""


class SandboxError(WorkerError):
    """Generated code cannot be run safely on this machine."""


class DataError(WorkerError):
    """Data is missing, cannot be fetched or read, or a row of it is not what it should be."""


class ConfigurationError(WorkerError):
    """TALAN's configuration is not allowed, or the backbone has no place for it."""


class MethodError(WorkerError):
    """There is no such method, or a setting of it is not allowed or does not fit the backbone."""


class TrainingDivergedError(WorkerError):
    """The loss or a trained weight stopped being a number."""


class TrainingProcessDiedError(WorkerError):
    """One of several processes that train a run died; the run may well succeed elsewhere."""


class CheckpointError(WorkerError):
    """A stored host is missing a file, is damaged, or was trained on another backbone."""


class GenerationError(WorkerError):
    """A prompt, or a way of decoding, that generation cannot carry out."""


class ArtifactsRefusedError(WorkerError):
    """The artifact store takes nothing just now: no run can end well, whichever it is."""

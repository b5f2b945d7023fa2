"""The error tree of the library, and how a foreign error is told in one line.

Every message is one sentence that names the value at fault and says what is allowed.
"""


class TalanError(Exception):
    """Anything that this library refuses."""


class TalanConfigError(TalanError, ValueError):
    """A configuration value that is unknown or out of range."""


class TalanInsertionError(TalanError):
    """A model that the block cannot be inserted into."""


class TalanInputError(TalanError):
    """A batch whose real tokens or sequences the block cannot tell apart."""


class TalanDecodingError(TalanError):
    """A key/value cache that the block's running sums cannot follow."""


class TalanTrainingError(TalanError):
    """A training loop in which a schedule or the gradient scale would be lost."""


class TalanCheckpointError(TalanError):
    """A checkpoint that is missing, damaged or made for another backbone."""


def first_line(error: Exception, *, most: int = 300) -> str:
    """The first line of a foreign error's text, for our own sentence; else its class."""
    lines = (" ".join(line.split()) for line in str(error).splitlines())
    return next((line[:most] for line in lines if line), type(error).__name__)

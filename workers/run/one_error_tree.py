"""What other packages refuse in a step of a run, as errors of this package."""

from collections.abc import Iterator
from contextlib import contextmanager

from storage.errors import ArtifactError, ArtifactStoreFull, ArtifactStoreUnavailable
from talan import TalanError
from workers.errors import ArtifactsRefusedError, ConfigurationError, WorkerError


@contextmanager
def one_error_tree() -> Iterator[None]:
    """What TALAN or the artifact store refuse becomes an error of this package."""
    try:
        yield
    except TalanError as error:
        raise ConfigurationError(str(error)) from error
    except (ArtifactStoreFull, ArtifactStoreUnavailable) as error:
        raise ArtifactsRefusedError(str(error)) from error
    except ArtifactError as error:
        raise WorkerError(str(error)) from error

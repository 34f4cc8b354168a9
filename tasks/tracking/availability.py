"""Unavailability of the tracking store as one error, whatever library notices it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from aemodels.core.errors import SondeflowError
from tasks.address import hide_credentials
from tasks.settings import Settings
from tasks.tracking.send import answers


class StoreUnavailableError(SondeflowError):
    """The tracking store does not respond, or responds with an error."""


SLOW_SECONDS = 60.0  # a server on a busy machine may take so long for its first answer


@contextmanager
def available_store(settings: Settings, seconds: float = SLOW_SECONDS) -> Iterator[None]:
    """Raise one error if the tracking store fails within the block.

    A server that refuses connections is not waited for, one that accepts them has `seconds` to answer.

    Raises:
        StoreUnavailableError: if it fails, or if its database is gone although its artifacts are there.
    """
    if not settings.has_registry:
        if settings.artifacts_dir.is_dir() and any(settings.artifacts_dir.iterdir()):
            raise StoreUnavailableError(f"{settings.tracking_uri} is gone, but not its artifacts in {settings.home}")
        yield  # there never was one
        return
    if not answers(settings, seconds):
        raise StoreUnavailableError(f"the tracking store {settings.tracking_uri} does not respond")
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        text = hide_credentials(f"{type(error).__name__}: {error}").splitlines()[0][:300]
        raise StoreUnavailableError(f"the tracking store {settings.tracking_uri} failed: {text}") from error

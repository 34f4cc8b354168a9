"""Well logs and the bundle for them, for commands that look at many wells without a flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import DataError, SondeflowError
from aemodels.core.findings import Finding
from aemodels.io.formats import kind_of
from aemodels.io.readers import list_files
from tasks.scoring.choose_bundle import default_scorer, open_scorer, remedy
from tasks.scoring.request import CHAMPION
from tasks.settings import Settings


def logs_bundle(ref: str | None, settings: Settings) -> tuple[str, Bundle]:
    """Return the given bundle, or the champion for logs, else the shipped one, with its name and version.

    Raises:
        NoModelError, BundleError: if there is no such model, or the bundle is damaged.
        DataError: if the bundle is for another kind of recording.
    """
    scorer = open_scorer(ref, settings) if ref is not None else default_scorer("logs", (CHAMPION,), settings)
    if scorer is None:
        missing, remedy_text = remedy("logs")
        raise SondeflowError(f"{missing}; {remedy_text}; or name a bundle with --bundle")
    if scorer.kind != "logs":
        raise DataError(f"{ref} is a bundle for {scorer.kind}; expected one for well logs")
    return f"{scorer.name} {scorer.version}", Bundle.load(Path(scorer.folder))


def log_files(paths: Sequence[Path]) -> Iterator[tuple[Path, Finding | None]]:
    """Yield all well log files of the folders, and each file that is given by name."""
    for given in paths:
        files, problems = list_files(given)
        yield from problems
        yield from ((path, None) for path in files if path == given or kind_of(path) == "logs")

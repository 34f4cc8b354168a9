"""sondeflow in Python: read a file, load a bundle, score, train, read scores.

>>> import sondeflow
>>> scored = sondeflow.score("well.las")  # doctest: +SKIP
>>> scored.intervals  # doctest: +SKIP
>>> scored.save_report("well.html")  # doctest: +SKIP

Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset

    from aemodels.bundle.bundle import Bundle
    from aemodels.core.types import Recording
    from aemodels.experiment.spec import ExperimentSpec
    from tasks.scoring.scored_recording import ScoredRecording

    Data: TypeAlias = str | Path | Recording

__all__ = ["__version__", "load_bundle", "read", "read_scores", "score", "train"]

__version__ = "0.2.0"


def read(path: str | Path, **options: Any) -> Recording:
    """Read a file of well logs or seismic traces.

    Args:
        path: the file, plain or gzip'd, or a URL (`s3://…`).
        options: `aliases`, `positions`, `limits`; see `aemodels.io.read`.

    Returns:
        The recording, with findings for whatever was doubtful: values float32[channel, sample] in canonical units.

    Raises:
        UnreadableFileError: if the file yields no recording; `.findings` say why and how to repair it.
    """
    from aemodels import io

    return io.read_url(str(path), **options) if "://" in str(path) else io.read(Path(path), **options)


def load_bundle(ref: str | Path) -> Bundle:
    """Load a trained scorer.

    Args:
        ref: a bundle directory, the name of a bundle that comes with the package (`logs-v1`, `seismic-v1`), or the
            address of a registered model (`models:/sondeflow-logs@champion`), which is looked up in the tracking store
            that `SONDEFLOW_TRACKING_URI` names.

    Raises:
        BundleError: if the directory is no bundle, incomplete or altered.
        NoModelError: if the registry has no such model.
    """
    from aemodels.bundle.bundle import Bundle
    from tasks.scoring.choose_bundle import open_scorer
    from tasks.settings import Settings

    return Bundle.load(Path(open_scorer(str(ref), Settings()).folder))


def score(recording: Data, bundle: Bundle | str | Path | None = None) -> ScoredRecording:
    """Denoise and score one recording; nothing is written.

    Args:
        recording: a recording, or the path of a file to read.
        bundle: a loaded bundle, or what `load_bundle` takes; None = the champion of this kind of recording if the
            tracking store has one, else the bundle that comes with the package.

    Returns:
        One row per depth sample (logs) or per trace (seismic), a higher score is more anomalous; `table` and
        `intervals` as DataFrames, `save_report` for the page.

    Raises:
        DataError: if the recording is of another kind than the bundle, or has none of its curves.
        BundleError: if the bundle is incomplete or altered, or there is none for this kind of recording.
    """
    from aemodels.bundle.bundle import Bundle
    from aemodels.core.errors import BundleError
    from tasks.scoring.choose_bundle import default_scorer, open_scorer
    from tasks.scoring.request import CHAMPION
    from tasks.scoring.scored_recording import ScoredRecording
    from tasks.settings import Settings

    found = read(recording) if isinstance(recording, str | Path) else recording
    if isinstance(bundle, Bundle):
        return ScoredRecording(found, bundle.score(found), f"{bundle.name} {bundle.content_hash[:8]}")
    settings = Settings()
    chosen = open_scorer(str(bundle), settings) if bundle else default_scorer(found.kind, (CHAMPION,), settings)
    if chosen is None:
        raise BundleError(f"no bundle scores {found.kind} recordings; train one and pass it as `bundle`")
    return ScoredRecording(found, Bundle.load(Path(chosen.folder)).score(found), str(chosen.label))


def read_scores(outbox: str | Path, kind: Literal["logs", "seismic"] = "logs") -> Dataset:
    """Return all score files of an outbox as one table, of which only what is asked for is read.

    >>> read_scores("outbox").to_table(columns=["well", "depth", "GR", "reason"]).to_pandas()  # doctest: +SKIP

    Args:
        outbox: folder or `s3://` address that `sondeflow score` wrote to.
        kind: "logs", one row per depth sample (m), or "seismic", one row per trace.

    Returns:
        A pyarrow dataset with the columns of docs/reference/outbox.md, and `bundle`; polars scans it, DuckDB queries
        it. Of a content that several bundles scored, the newest scores.

    Raises:
        DataError: if the folder is not an outbox, or has no scores of this kind.
    """
    from tasks.field.dataset import score_dataset

    return score_dataset(outbox, kind)


def train(
    spec: ExperimentSpec | str | Path, data: Data | Iterable[Data], start_from: str | Path | None = None
) -> Bundle:
    """Fit and compare every contender and detector of an experiment, in this process.

    Nothing is logged or registered: `sondeflow train` on the command line does the same with a record in MLflow.

    Args:
        spec: an experiment, its name (`logs`, `seismic`, …), or a YAML file.
        data: recordings, files and folders; what cannot be read in a folder is left out.
        start_from: bundle whose networks are trained further, as for `load_bundle`; recordings that it has seen are
            left out. None = as in the specification, else training from nothing.

    Returns:
        The bundle: default denoiser, best detector on validation recordings, its threshold. Write it with `save`.

    Raises:
        SpecError: if there is no such experiment, or the data are too few for it.
        UnreadableFileError: if a file that is named by itself cannot be read.
    """
    from aemodels.evaluate.detection.compare import compare_detectors
    from aemodels.study import start, steps
    from flows.catalogue import load_spec

    named = load_spec(str(spec)) if isinstance(spec, str | Path) else spec
    named = named if start_from is None else named.starting_from(str(start_from))
    recordings, bundle = _recordings(data, named.kind), None
    if named.start is not None:
        bundle = load_bundle(named.start.bundle)
        named, recordings = start.resolve_start(named, bundle), start.unseen(bundle, recordings)[0]
    adapted, _ = steps.adapt(named, recordings)
    prepared = start.with_start(adapted, steps.prepare(adapted, recordings), bundle)
    fitted = {one.name: steps.fit_contender(adapted, one.name, prepared) for one in adapted.contenders}
    study = compare_detectors(adapted, prepared, {name: one.denoiser for name, one in fitted.items()})
    return steps.assemble(adapted, prepared, fitted, study)


def _recordings(data: Data | Iterable[Data], kind: str) -> list[Recording]:
    """Return the recordings of one kind among files, folders and recordings."""
    from aemodels.core.errors import UnreadableFileError
    from aemodels.core.types import Recording
    from aemodels.io import list_files

    found: list[Recording] = []
    for item in [data] if isinstance(data, str | Path | Recording) else data:
        if isinstance(item, Recording):
            found.append(item)
        elif Path(item).is_dir():
            for path in list_files(Path(item))[0]:
                try:
                    found.append(read(path))
                except UnreadableFileError:
                    continue  # a folder may hold other things as well: `sondeflow check` says what is wrong with them
        else:
            found.append(read(item))
    return [recording for recording in found if recording.kind == kind]

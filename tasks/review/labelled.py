"""Labels of reviewers joined to the recordings of an experiment."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from aemodels.core.errors import DataError
from aemodels.review.curves import with_reviewed_depths
from aemodels.review.labels import WellLabels, labels_by_content
from tasks.ingest.ingest import Dataset, FileRecord
from tasks.ledger import open_ledger
from tasks.ledger.reviews import kept_reviews
from tasks.settings import Settings
from tasks.storage.refs import digest_of, load_recording, save_recording


@task(name="label-wells", cache_policy=NO_CACHE)
def label_wells(dataset: Dataset, settings: Settings) -> Dataset:
    """Return the files with what reviewers said of the wells among them as a channel of the recordings.

    Training takes accepted, redrawn and added intervals for no example of clean readings, and rejected flags for one.

    Args:
        dataset: files that were read.
        settings: the ledger that holds the reviews, and the store of recordings.

    Raises:
        DataError: if none of the wells was reviewed.
    """
    labels = labels_by_content(kept_reviews(open_ledger(settings.ledger_url)))
    files = tuple(_labelled(file, labels.get(file.sha256), settings) for file in dataset.files)
    found = {file.ref.sha256 for file, before in zip(files, dataset.files, strict=True) if file.ref and file != before}
    if not found:
        raise DataError(
            f"none of {len(dataset.usable)} wells was reviewed ({len(labels)} other ones were); expected some of them: "
            "`sondeflow reviews add FILE` keeps reviews, and those of a file count for its unchanged content"
        )
    return Dataset(files=files, labels_sha256=digest_of(sorted(found)))


def _labelled(file: FileRecord, labels: WellLabels | None, settings: Settings) -> FileRecord:
    if file.ref is None or labels is None or not labels.labels or file.kind != "logs":
        return file
    recording = with_reviewed_depths(load_recording(file.ref), labels)
    return file.model_copy(update={"ref": save_recording(recording, settings.refs_dir)})

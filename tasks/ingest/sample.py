"""Synthetic field of the demo, and delivery of its new files to the inbox."""

from __future__ import annotations

import shutil
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from aemodels.io.files.atomic import atomic_path
from aemodels.io.formats import kind_of
from aemodels.io.readers import list_files
from aemodels.synthetic import FieldSpec, sample_field

SEED = 20


@task(name="make-field", cache_policy=NO_CACHE)
def make_field(directory: str) -> str:
    """Write the synthetic field; the same seed gives the same bytes, so a second call changes nothing."""
    sample_field(Path(directory), FieldSpec(), seed=SEED)
    return directory


@task(name="deliver", cache_policy=NO_CACHE)
def deliver(field: str, inbox: str) -> list[str]:
    """Copy the new files of the field into the inbox, together with three broken files."""
    arrivals, _ = list_files(Path(field) / "arrivals")
    arrivals = [path for path in arrivals if kind_of(path) is not None]
    goal = Path(inbox) / "demo"
    delivered = [_put(goal / path.name, path) for path in arrivals]
    line = next(path for path in arrivals if kind_of(path) == "seismic")
    broken = {
        "empty.las": b"",
        "letter.las": b"Dear all,\nplease find the logs in the next mail.\n",
        "truncated.sgy": line.read_bytes()[: line.stat().st_size // 2 + 77],
    }
    for name, content in broken.items():
        with atomic_path(goal / name) as temporary:
            temporary.write_bytes(content)
    return delivered + [str(goal / name) for name in broken]


def _put(target: Path, source: Path) -> str:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
    return str(target)

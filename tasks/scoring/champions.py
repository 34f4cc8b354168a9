"""Record of the models that scored last, in the home folder: scoring goes on with them while MLflow is unavailable."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aemodels.bundle.summary import read_summary
from aemodels.core.errors import BundleError
from aemodels.io.files.atomic import atomic_path
from tasks.scoring.request import Scorer
from tasks.settings import Settings
from tasks.storage.folders import private_folder

RECORD = "champions.json"


def remember(scorer: Scorer | None, kind: str, aliases: Sequence[str], settings: Settings) -> None:
    """Record which registered model has the aliases, or that none has; written only if it changes.

    Args:
        scorer: the model; None if there is none.
        kind: of the files that it scores.
        aliases: as requested.
        settings: home and registry.
    """
    key, content = _key(kind, aliases, settings), _read(settings)
    value = None
    if scorer is not None:
        folder = os.path.relpath(scorer.folder, settings.home)  # stays right if the home is moved
        value = scorer.model_dump(mode="json") | {"folder": folder}
    if content.get(key) == value and key in content:
        return
    text = json.dumps(content | {key: value}, indent=1, sort_keys=True) + "\n"
    with contextlib.suppress(OSError):  # a home that is read-only is no reason not to score
        private_folder(settings.home)
        with atomic_path(settings.home / RECORD) as temporary:
            temporary.write_text(text, encoding="utf-8")


def recall(kind: str, aliases: Sequence[str], settings: Settings) -> tuple[Scorer | None, bool]:
    """Return the model that had the aliases when the registry was last asked, and True if that is known.

    Raises:
        BundleError: if its bundle was altered, or is gone.
    """
    content, key = _read(settings), _key(kind, aliases, settings)
    value = content.get(key)
    if value is None:
        return None, key in content
    scorer = Scorer.model_validate(value | {"folder": str((settings.home / value["folder"]).resolve())})
    found = read_summary(Path(scorer.folder)).content_hash
    if found != scorer.content_hash:
        raise BundleError(f"{scorer.folder} has the hash {found} instead of {scorer.content_hash}: it was altered")
    return scorer, True


def remembered_folders(settings: Settings) -> set[Path]:
    """Return the bundle folders of all recorded models."""
    values = [value for value in _read(settings).values() if value is not None]
    return {(settings.home / value["folder"]).resolve() for value in values}


def _key(kind: str, aliases: Sequence[str], settings: Settings) -> str:
    store = "home" if settings.tracking_in_home else settings.tracking_uri.base
    return f"{kind} {','.join(aliases)} {store}"


def _read(settings: Settings) -> dict[str, Any]:
    try:
        return dict(json.loads((settings.home / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}  # none yet; a damaged one is written again with the next answer of the registry

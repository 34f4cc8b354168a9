"""Registered versions and their aliases, for what has to keep their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.settings import Settings
from tasks.tracking.registry import ModelVersion, as_version, download_bundle
from tasks.tracking.store import connect


def registered_versions(settings: Settings) -> list[ModelVersion]:
    """Return every version in the registry; empty if there is no registry yet.

    Raises:
        MlflowException: if the store is unavailable.
    """
    return [as_version(found) for found in _pages(settings, "search_model_versions")] if settings.has_registry else []


def aliased_versions(settings: Settings) -> dict[ModelVersion, tuple[str, ...]]:
    """Return the versions that have an alias (champion, challenger, previous, or one set by hand), with their aliases.

    Raises:
        MlflowException: if the store is unavailable.
    """
    if not settings.has_registry:
        return {}
    client = connect(settings)
    found: dict[ModelVersion, tuple[str, ...]] = {}
    for model in _pages(settings, "search_registered_models"):
        for alias, version in sorted(model.aliases.items()):
            one = as_version(client.get_model_version(model.name, str(version)))
            found[one] = (*found.get(one, ()), alias)
    return found


def download_aliased(settings: Settings) -> list[Path]:
    """Download the bundles of all versions with an alias that are not in the home folder yet; return the folders."""
    return [download_bundle(settings, version) for version in aliased_versions(settings)]


def _pages(settings: Settings, method: str) -> Iterator[Any]:
    search, token = getattr(connect(settings), method), None
    while True:
        page = search(page_token=token)
        yield from page
        token = page.token
        if not token:
            return

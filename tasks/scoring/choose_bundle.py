"""Choice of the bundle that scores each kind of file: the requested one, the champion, or the one that is shipped."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from aemodels.bundle.shipped import ShippedBundle, shipped_bundle, shipped_for, shipped_names
from aemodels.bundle.summary import read_summary
from aemodels.core.errors import BundleError, DataError
from aemodels.core.registered_models import REGISTERED
from aemodels.io.formats import kind_of
from aemodels.io.remote import is_url
from tasks.ledger import ClaimRequest, Key
from tasks.scoring.champions import recall, remember
from tasks.scoring.request import FilledRequest, Scorer
from tasks.settings import Settings
from tasks.storage.code_version import READING, code_hash
from tasks.storage.mirror import mirror

QUICK_SECONDS, PATIENT_SECONDS = 3.0, 60.0  # for the registry's answer, if its last one is known, or not
_REGISTRY_LOCK = threading.Lock()  # the registry's client is not thread-safe


def choose_scorers(kinds: Iterable[str | None], request: FilledRequest, settings: Settings) -> dict[str, Scorer]:
    """Return the bundle by kind: the requested one, else per kind the first of the request's aliases that exists.

    Where no alias exists, the bundle that comes with the package is taken.

    Raises:
        NoModelError: if the requested model is not in the registry.
        BundleError: if a bundle is damaged.
    """
    with _REGISTRY_LOCK:
        if request.bundle is not None:
            scorer = open_scorer(request.bundle, settings)
            return {scorer.kind: scorer}
        found = {kind: default_scorer(kind, request.aliases, settings) for kind in sorted(filter(None, set(kinds)))}
        for kind in set(REGISTERED) - set(found):  # so that the champions of all kinds are known if MLflow goes away
            if settings.has_registry and not recall(kind, request.aliases, settings)[1]:
                default_scorer(kind, request.aliases, settings)
    return {kind: scorer for kind, scorer in found.items() if scorer is not None}


def default_scorer(kind: str, aliases: Sequence[str], settings: Settings) -> Scorer | None:
    """Return the registered model of a kind that has the first of the aliases, else the shipped bundle, else None."""
    found = _by_alias(kind, aliases, settings)
    if found is not None:
        return found
    shipped = shipped_for(kind)
    return None if shipped is None else _shipped_scorer(shipped)


def open_scorer(ref: str, settings: Settings) -> Scorer:
    """Return the bundle of a directory or its address, a models:/ URI or the name of a shipped one.

    Its files are checked, but no network is loaded.
    """
    if ref in shipped_names():
        return _shipped_scorer(shipped_bundle(ref))
    if ref.startswith("models:/"):
        from tasks.tracking import download_bundle, get

        model = get(settings, ref)
        folder, name, version = download_bundle(settings, model), model.name, model.version
        card, address = read_summary(folder), model_address(settings, name, version)
    else:
        folder, address = _bundle_folder(ref, settings), ""
        card = read_summary(folder)
        name, version = card.name, card.content_hash[:12]
    label = {"name": name, "version": version, "card": address}
    return Scorer(folder=str(folder), kind=card.kind, content_hash=card.content_hash, **label)


def _bundle_folder(ref: str, settings: Settings) -> Path:
    """Return the folder of a bundle; one in an object store is copied, and its files are checked when it is loaded.

    Raises:
        BundleError: if it cannot be copied.
    """
    if not is_url(ref):
        return Path(ref)
    try:
        return mirror(ref, settings.bundles_dir / "addresses", lambda _: True)
    except DataError as error:
        raise BundleError(str(error)) from error


def model_address(settings: Settings, name: str, version: str) -> str:
    """Return the address of a version's page with its model card, on the store's server or that of `sondeflow ui`."""
    base = settings.tracking_uri.base if settings.tracking_uri.is_http else "http://localhost:5000"
    return f"{base}/#/models/{name}/versions/{version}"


def claim_request(path: str, sha256: str, scorers: Mapping[str, Scorer], request: FilledRequest) -> ClaimRequest | None:
    """Return the claim request for a content; None if there is no bundle for its kind."""
    kind = kind_of(path)
    if kind is None:  # a file that no bundle can score is only read
        return ClaimRequest(Key(sha256, "reader", code_hash(READING)[:12]), path)
    scorer = scorers.get(kind)
    if scorer is None:
        return None
    key = Key(sha256, scorer.name, scorer.version, scorer.content_hash)
    once = request.bundle is None and not request.backfill
    # a champion scores what arrives from then on, also if it is the first one and takes over from the shipped bundle
    equivalents = (REGISTERED[kind], *(name.rpartition("-v")[0] for name in shipped_names()))
    return ClaimRequest(key, path, once=once, equivalents=equivalents)


def remedy(kind: str) -> tuple[str, str]:
    """Return (what is missing, remedy) for a kind of file without a bundle."""
    name = REGISTERED.get(kind, kind)
    return (
        f"no bundle for {kind}: no champion {name}",
        f"sondeflow train {kind} --data PATH, then sondeflow promote {name}",
    )


def _shipped_scorer(shipped: ShippedBundle) -> Scorer:
    return Scorer(
        folder=str(shipped.folder),
        kind=shipped.kind,
        name=shipped.model,
        version=shipped.version,
        content_hash=shipped.content_hash,
        card="with the package: sondeflow models --pretrained",
    )


def _by_alias(kind: str, aliases: Sequence[str], settings: Settings) -> Scorer | None:
    """Return the model that has the first of the aliases; while the registry is unavailable, the one that had it last.

    Raises:
        StoreUnavailableError: if the registry is unavailable and was never asked before.
    """
    if kind not in REGISTERED:
        return None
    if not settings.has_registry:
        return _last_known(kind, aliases, settings, f"the tracking store {settings.tracking_uri} is gone")[0]
    from tasks.tracking import StoreUnavailableError

    try:
        return _registered(kind, aliases, settings, QUICK_SECONDS)
    except StoreUnavailableError as error:
        scorer, known = _last_known(kind, aliases, settings, str(error))
    # without an earlier answer nothing can be scored, so a server that is only slow is waited for
    return scorer if known else _registered(kind, aliases, settings, PATIENT_SECONDS)


def _registered(kind: str, aliases: Sequence[str], settings: Settings, seconds: float) -> Scorer | None:
    """Return the model that the registry names, and record it.

    Raises:
        StoreUnavailableError: if the registry does not respond within `seconds`, or fails.
    """
    from tasks.tracking import available_store, find

    uris = [f"models:/{REGISTERED[kind]}@{alias}" for alias in aliases]
    with available_store(settings, seconds):
        model = next((model for model in (find(settings, uri) for uri in uris) if model is not None), None)
        # by number, because the alias may move
        scorer = None if model is None else open_scorer(model.uri, settings)
    remember(scorer, kind, aliases, settings)
    return scorer


def _last_known(kind: str, aliases: Sequence[str], settings: Settings, why: str) -> tuple[Scorer | None, bool]:
    """Return the model of the registry's last answer, with the reason why it was not asked, and True if it is known."""
    scorer, known = recall(kind, aliases, settings)
    return None if scorer is None else scorer.model_copy(update={"note": why}), known

"""Registered models: logged from code, found by alias, and downloaded as bundle directories."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

import aemodels
from aemodels.bundle.bundle import Bundle
from aemodels.bundle.files import read_manifest
from aemodels.core.errors import BundleError, SondeflowError
from tasks.settings import Settings
from tasks.storage.folders import mark_used, whole_folder
from tasks.tracking.store import connect, fluent_api, open_address

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"
BUNDLE_TAG = "bundle_sha256"
RUNTIME_PACKAGES = (
    "mlflow",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "numpy",
    "pandas",
    "pydantic",
    "PyWavelets",
    "PyYAML",
    "scikit-learn",
    "scipy",
)
_TAG_LENGTH = 5000
_DESCRIPTION_LENGTH = 5000
_URI = re.compile(r"^models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))$")


class NoModelError(SondeflowError):
    """The registry has no model with that name, alias or version."""


@dataclass(frozen=True)
class ModelVersion:
    """A version in the registry, and the run that created it."""

    name: str
    version: str
    run_id: str
    model_id: str
    bundle_sha256: str = ""  # hash of its bundle in the registry

    @property
    def uri(self) -> str:
        return f"models:/{self.name}/{self.version}"


def register_bundle(
    settings: Settings, run_id: str, directory: Path, name: str, notes: Mapping[str, str] | None = None
) -> tuple[ModelVersion, bool]:
    """Log a bundle as a pyfunc from code under a run, register it and make it the challenger.

    A bundle whose content is already registered keeps its version, so a repeated training changes nothing.

    Args:
        settings: address of the tracking store.
        run_id: the parent run of the experiment.
        directory: as written by `Bundle.save`.
        name: the registered model's name.
        notes: texts in Markdown: "model" describes the model, "version" this version.

    Returns:
        The version, and True if it is new.
    """
    bundle = Bundle.load(directory)
    client = connect(settings)
    known = _version_of(client, name, bundle.content_hash)
    if known is not None:
        client.set_registered_model_alias(name, CHALLENGER, known.version)
        return known, False
    with fluent_api(settings):  # also for the registration: it looks the logged model up by itself
        source = _log_model(bundle, directory, run_id, name)
        made = _registered(client, source, run_id, bundle, notes or {})
    client.set_registered_model_alias(name, CHALLENGER, made.version)
    return made, True


def describe(settings: Settings, model: ModelVersion, tags: Mapping[str, str]) -> None:
    """Set tags of a version, e.g. the verdict of the promotion gate."""
    client = connect(settings)
    for key, value in tags.items():
        client.set_model_version_tag(model.name, model.version, key, value[:_TAG_LENGTH])


def describe_section(settings: Settings, model: ModelVersion, heading: str, section: str) -> None:
    """Replace the last section of a version's description, or add it.

    Args:
        settings: address of the tracking store.
        model: the version.
        heading: first line of the section; what stands from it on is replaced.
        section: Markdown, beginning with the heading.
    """
    client = connect(settings)
    before = client.get_model_version(model.name, model.version).description or ""
    kept = before.partition(heading)[0].rstrip()[: max(_DESCRIPTION_LENGTH - len(section) - 2, 0)]
    text = f"{kept}\n\n{section}" if kept else section
    client.update_model_version(model.name, model.version, text[:_DESCRIPTION_LENGTH])


def tag_of(settings: Settings, model: ModelVersion, key: str) -> str:
    """Return a tag of a version, "" if it has none of this key."""
    return str(connect(settings).get_model_version(model.name, model.version).tags.get(key, ""))


def set_challenger(settings: Settings, model: ModelVersion) -> None:
    """Move the alias `challenger` to a version."""
    connect(settings).set_registered_model_alias(model.name, CHALLENGER, model.version)


def promote(settings: Settings, model: ModelVersion) -> None:
    """Move the alias `champion` to a version; the one before becomes `previous`."""
    client = connect(settings)
    before = find(settings, f"models:/{model.name}@{CHAMPION}")
    if before is not None and before.version != model.version:
        client.set_registered_model_alias(model.name, PREVIOUS, before.version)
    client.set_registered_model_alias(model.name, CHAMPION, model.version)


def swap_champion(settings: Settings, name: str) -> tuple[ModelVersion, ModelVersion]:
    """Exchange the aliases `champion` and `previous`; a second call reverses the first.

    Returns:
        The new champion, and the withdrawn one.

    Raises:
        NoModelError: if one of the two aliases is missing.
    """
    client = connect(settings)
    withdrawn = get(settings, f"models:/{name}@{CHAMPION}")
    restored = find(settings, f"models:/{name}@{PREVIOUS}")
    if restored is None:
        raise NoModelError(
            f"{name} has no version with the alias {PREVIOUS}: v{withdrawn.version} is its first champion; "
            "promote another version, or remove the alias champion in the registry"
        )
    client.set_registered_model_alias(name, CHAMPION, restored.version)
    client.set_registered_model_alias(name, PREVIOUS, withdrawn.version)
    return restored, withdrawn


def find(settings: Settings, uri: str) -> ModelVersion | None:
    """Return the version of models:/name@alias or models:/name/version; None if there is none.

    Raises:
        NoModelError: if the URI has another form.
    """
    match = _URI.match(uri)
    if match is None:
        raise NoModelError(f"model URI is {uri!r}; expected models:/<name>@<alias> or models:/<name>/<version>")
    client = connect(settings)
    try:
        if match["alias"]:
            found = client.get_model_version_by_alias(match["name"], match["alias"])
        else:
            found = client.get_model_version(match["name"], match["version"])
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise
    return as_version(found)


def get(settings: Settings, uri: str) -> ModelVersion:
    """Return the version as `find` does, or raise.

    Raises:
        NoModelError: if there is no such version.
    """
    found = find(settings, uri)
    if found is None:
        raise NoModelError(
            f"the registry {settings.tracking_uri} has no {uri}; `sondeflow train` registers a version, "
            "`sondeflow promote` makes it the champion"
        )
    return found


def download_bundle(settings: Settings, model: ModelVersion) -> Path:
    """Return the bundle of a version as a local directory; it is downloaded once, and compared with the registry.

    Raises:
        BundleError: if its bundle.json, by which all its files are checked, is not the one that was registered.
    """
    target = bundle_folder(settings, model)
    if target.is_dir():
        _check_registered(target, model)
        mark_used(target)
        return target
    with fluent_api(settings), TemporaryDirectory() as folder, whole_folder(target) as filling:
        fetched = mlflow.artifacts.download_artifacts(
            artifact_uri=f"{model.uri}/artifacts", dst_path=folder, tracking_uri=open_address(settings.tracking_uri)
        )
        inside = next(Path(fetched).rglob("bundle.json")).parent
        _check_registered(inside, model)
        shutil.copytree(inside, filling, dirs_exist_ok=True)
    return target


def bundle_folder(settings: Settings, model: ModelVersion) -> Path:
    """Return the folder to which the bundle of a version is downloaded."""
    digest = hashlib.sha256(f"{_store_name(settings)}|{model.model_id}".encode()).hexdigest()[:8]
    return settings.bundles_dir / f"{model.name}-v{model.version}-{digest}"


def _store_name(settings: Settings) -> str:
    """Return a name of the store that a move of the home folder does not change."""
    if settings.tracking_in_home:
        return Path(settings.tracking_uri.reveal().partition(":///")[2]).name
    return settings.tracking_uri.base


def _check_registered(folder: Path, model: ModelVersion) -> None:
    found = read_manifest(folder).content_hash
    if model.bundle_sha256 not in {"", found}:
        raise BundleError(
            f"the bundle of {model.uri} has the hash {found}; the registry holds {model.bundle_sha256}: {folder} was "
            "altered; restore the artifacts of the version and delete that folder, or register the bundle again"
        )


def signature(bundle: Bundle) -> ModelSignature:
    """Return the signature: curves (logs) or traces (seismic) as input, scores as output."""
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.float, "score"),
        ColSpec(DataType.float, "threshold"),
        ColSpec(DataType.boolean, "is_anomaly"),
        ColSpec(DataType.string, "reason"),
    ]
    step = ParamSchema([ParamSpec("step", DataType.double, 0.1524 if bundle.kind == "logs" else 0.004)])
    if bundle.kind == "seismic":
        traces = Schema([TensorSpec(np.dtype(np.float32), (-1, -1))])
        return ModelSignature(inputs=traces, outputs=Schema(outputs), params=step)
    curves = Schema([ColSpec(DataType.double, curve, required=False) for curve in bundle.curves])
    for curve in bundle.curves:
        outputs += [ColSpec(DataType.float, f"{curve}_DN"), ColSpec(DataType.float, f"ANOM_{curve}")]
    return ModelSignature(inputs=curves, outputs=Schema(outputs), params=step)


def input_example(bundle: Bundle) -> Any:
    """Return a short, smooth input example: mid-range values of each curve, or two sine traces."""
    phase = np.linspace(0.0, 4.0 * np.pi, 64)
    if bundle.kind == "seismic":
        return np.stack([np.sin(phase), np.cos(phase)]).astype(np.float32)
    typical = {"GR": (75, 25), "RHOB": (2.4, 0.1), "NPHI": (0.25, 0.05), "DTC": (90, 10), "RDEP": (5, 2)}
    middles = {curve: typical.get(curve, (10.0, 1.0)) for curve in bundle.curves}
    return pd.DataFrame({curve: middle + swing * np.sin(phase) for curve, (middle, swing) in middles.items()})


def requirements() -> list[str]:
    """Return the packages that the model needs, pinned to the installed versions (inferring them takes 15 s)."""
    pinned = []
    for package in RUNTIME_PACKAGES:
        try:
            pinned.append(f"{package}=={version(package)}")
        except PackageNotFoundError:
            continue
    return pinned


def _log_model(bundle: Bundle, directory: Path, run_id: str, name: str) -> str:
    """Log the pyfunc to a run; return the URI of the logged model."""
    with mlflow.start_run(run_id=run_id):
        info = mlflow.pyfunc.log_model(
            name=name,
            python_model=str(Path(__file__).with_name("model_script.py")),
            artifacts={"bundle": str(directory)},
            code_paths=[str(Path(aemodels.__file__).parent)],
            pip_requirements=requirements(),
            signature=signature(bundle),
            input_example=input_example(bundle),
            metadata={"kind": bundle.kind, "bundle_sha256": bundle.content_hash},
        )
    return str(info.model_uri)


def _version_of(client: mlflow.MlflowClient, name: str, bundle_sha256: str) -> ModelVersion | None:
    """Return the version with a bundle of this content; None if there is none."""
    for found in client.search_model_versions(f"name = '{name}'"):
        if found.tags.get(BUNDLE_TAG) == bundle_sha256:
            return as_version(found)
    return None


def _registered(
    client: mlflow.MlflowClient, model_uri: str, run_id: str, bundle: Bundle, notes: Mapping[str, str]
) -> ModelVersion:
    name = bundle.name
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    if "model" in notes:
        client.update_registered_model(name, notes["model"][:_DESCRIPTION_LENGTH])
    made = client.create_model_version(
        name,
        source=model_uri,
        run_id=run_id,
        tags={BUNDLE_TAG: bundle.content_hash, "experiment": bundle.spec.name, "gate": "not judged yet"},
        description=notes.get("version", "")[:_DESCRIPTION_LENGTH] or None,
        model_id=model_uri.removeprefix("models:/"),
    )
    return as_version(made)


def as_version(found: Any) -> ModelVersion:
    """Return a version of the client."""
    return ModelVersion(
        found.name,
        str(found.version),
        found.run_id or "",
        found.model_id or found.source,
        found.tags.get(BUNDLE_TAG, ""),
    )

"""View of a bundle for monitoring: its specification and reference, read without building a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from aemodels.bundle.files import MANIFEST, REFERENCE, read_arrays, read_manifest
from aemodels.core.errors import BundleError
from aemodels.experiment.spec import ExperimentSpec
from aemodels.monitoring.reference import Reference


@dataclass(frozen=True, eq=False)
class ReferenceView:
    """The part of a bundle that monitoring needs.

    Args:
        spec: the whole experiment.
        reference: distributions of its training and validation data; None for a bundle written before monitoring.
        content_hash: sha256 of bundle.json, which identifies the bundle.
    """

    spec: ExperimentSpec
    reference: Reference | None
    content_hash: str

    @classmethod
    def load(cls, directory: Path) -> ReferenceView:
        """Read the view from a bundle's directory; the reference's hash is checked before use.

        Raises:
            BundleError: if a file is missing or altered, or the schema version is unknown.
        """
        manifest = read_manifest(directory)
        try:
            spec = ExperimentSpec.model_validate(manifest.content["spec"])
            digest = manifest.content["files"].get(REFERENCE)
            arrays = read_arrays(directory, REFERENCE, digest) if digest else None
            reference = None if arrays is None else Reference.restore(arrays, spec.kind)
        except (KeyError, ValidationError, ValueError, TypeError) as error:
            raise BundleError(
                f"{directory / MANIFEST} does not describe a bundle: {error!r}; train it again"
            ) from error
        return cls(spec, reference, manifest.content_hash)

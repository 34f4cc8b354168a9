"""What monitoring needs of a bundle: its specification and its reference, without building a network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from aemodels.bundle.files import MANIFEST, REFERENCE, read_arrays, read_manifest
from aemodels.core.errors import BundleError
from aemodels.experiment.spec import ExperimentSpec
from aemodels.monitoring.reference import Reference


@dataclass(frozen=True, eq=False)
class Yardstick:
    """A bundle as monitoring sees it.

    Args:
        spec: the whole experiment.
        reference: what its data looked like; None in a bundle older than monitoring.
        content_hash: the bundle's identity.
    """

    spec: ExperimentSpec
    reference: Reference | None
    content_hash: str

    @classmethod
    def load(cls, directory: Path) -> Yardstick:
        """Read it from a bundle's directory; the hash is checked before use.

        Raises:
            BundleError: if a file is missing or altered, or the schema is another version's.
        """
        manifest = read_manifest(directory)
        try:
            spec = ExperimentSpec.model_validate(manifest["spec"])
            digest = manifest["files"].get(REFERENCE)
            arrays = read_arrays(directory, REFERENCE, digest) if digest else None
            reference = None if arrays is None else Reference.restore(arrays, spec.kind)
        except (KeyError, ValidationError, ValueError, TypeError) as error:
            raise BundleError(
                f"{directory / MANIFEST} does not describe a bundle: {error!r}; train it again"
            ) from error
        return cls(spec, reference, hashlib.sha256((directory / MANIFEST).read_bytes()).hexdigest())

"""The exceptions that the science layer raises: libraries raise, flows decide."""

from __future__ import annotations

from aemodels.core.findings import Finding


class SondeflowError(Exception):
    """Base of every error that sondeflow raises on purpose."""


class DataError(SondeflowError):
    """Values that a constructor or a transform refuses (shape, dtype, NaN where none may be)."""


class SpecError(SondeflowError):
    """A specification that cannot be carried out on the data given."""


class BundleError(SondeflowError):
    """A bundle directory that is incomplete, altered or of another schema version."""


class UnreadableFileError(SondeflowError):
    """A file that yields no Recording.

    Args:
        findings: what is wrong, at least one of severity "error".
    """

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("; ".join(str(finding) for finding in findings))


class LargeFileError(UnreadableFileError):
    """A SEG-Y file that is not to be read at once: `read_blocks` reads it with flat memory."""

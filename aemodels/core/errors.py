"""Exceptions of the science layer; the flows decide what happens next."""

from __future__ import annotations

from aemodels.core.findings import Finding


class SondeflowError(Exception):
    """Base class of all sondeflow errors."""


class DataError(SondeflowError):
    """Invalid values: wrong shape or dtype, or NaN where none is allowed."""


class SpecError(SondeflowError):
    """A specification that does not fit the data."""


class BundleError(SondeflowError):
    """A bundle directory that is incomplete, altered or of another schema version."""


class MachineFaultError(SondeflowError):
    """The machine is at fault, not a file: no disk space, no memory, too many open files."""


class StoppedError(SondeflowError):
    """A calculation that ended before it was done because the program was interrupted."""


class UnreadableFileError(SondeflowError):
    """A file that cannot be read as a Recording.

    Args:
        findings: the reasons, at least one of severity "error".
    """

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("; ".join(str(finding) for finding in findings))


class LargeFileError(UnreadableFileError):
    """A SEG-Y file too large to be read at once; `read_blocks` reads it in constant memory."""

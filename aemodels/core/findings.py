"""Findings: problems and choices reported about a file."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One problem or choice reported about a file, for users and programs to act on.

    Args:
        severity: "info" (a choice made), "warning" (used with care), "error" (not used).
        code: short kebab-case identifier, e.g. "unknown-unit".
        where: line, curve or trace, e.g. "line 12", "curve NPHI", "trace 17"; "file" for the whole file.
        found: the value found.
        expected: the expected value.
        remedy: how to correct it.
    """

    severity: Severity
    code: str
    where: str
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        return (
            f"{self.severity} [{self.code}] {self.where}: found {self.found}; "
            f"expected {self.expected}; remedy: {self.remedy}"
        )

    def to_dict(self) -> dict[str, str]:
        """Return the fields as a dictionary."""
        return dataclasses.asdict(self)

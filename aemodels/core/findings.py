"""Findings: what was noticed about a file."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing noticed about a file: a row that people and programs can act on.

    Args:
        severity: "info" (recorded choice), "warning" (used, with care), "error" (not used).
        code: short kebab-case name, e.g. "unknown-unit".
        where: line, curve or trace, e.g. "line 12", "curve NPHI", "trace 17"; "file" for the whole.
        found: the value met.
        expected: what had been expected.
        remedy: how to mend it.
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
        return dataclasses.asdict(self)

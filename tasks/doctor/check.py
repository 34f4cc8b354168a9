"""Result of one check."""

from __future__ import annotations

from typing import Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, model_validator

Verdict: TypeAlias = Literal["pass", "warn", "fail"]


class Check(BaseModel):
    """Result of one check.

    Args:
        name: of what was looked at.
        verdict: "warn" if it works but needs attention, "fail" if it does not work.
        found: what was found.
        remedy: what to do; "" if it passed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""

    @model_validator(mode="after")
    def _has_remedy(self) -> Self:
        if (self.verdict == "pass") != (self.remedy == ""):
            raise ValueError(f"check {self.name} is {self.verdict}: exactly those that do not pass have a remedy")
        return self


def passed(name: str, found: str) -> Check:
    """Return a check that passed."""
    return Check(name=name, verdict="pass", found=found)


def warned(name: str, found: str, remedy: str) -> Check:
    """Return a check of what works but needs attention."""
    return Check(name=name, verdict="warn", found=found, remedy=remedy)


def failed(name: str, found: str, remedy: str) -> Check:
    """Return a check of what does not work."""
    return Check(name=name, verdict="fail", found=found, remedy=remedy)

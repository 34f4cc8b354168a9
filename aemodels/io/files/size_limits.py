"""How much a file may hold before it is refused unread."""

from __future__ import annotations

from pydantic import Field

from aemodels.core.spec import Spec

MIB = 2**20


class SizeLimits(Spec):
    """Bounds that keep a hostile or broken file from filling the disk or the memory."""

    stored: int = Field(default=64 * 1024 * MIB, ge=1, description="largest file read, or taken from a URL, in bytes")
    whole: int = Field(default=2 * 1024 * MIB, ge=1, description="largest SEG-Y read at once, in bytes, unpacked")
    unpacked: int = Field(default=16 * 1024 * MIB, ge=1, description="largest content of a packed file, in bytes")
    growth: float = Field(default=200.0, ge=1, description="largest ratio of content to packed size")
    harmless: int = Field(default=64 * MIB, ge=0, description="content up to so many bytes may have any ratio")


DEFAULT_LIMITS = SizeLimits()

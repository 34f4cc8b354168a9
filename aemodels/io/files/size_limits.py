"""Size limits beyond which a file is rejected unread."""

from __future__ import annotations

from pydantic import Field

from aemodels.core.spec import Spec

MIB = 2**20


class SizeLimits(Spec):
    """Limits that prevent malicious or broken files from filling disk or memory."""

    stored: int = Field(default=64 * 1024 * MIB, ge=1, description="maximum size of a file or download [bytes]")
    whole: int = Field(
        default=64 * MIB, ge=1, description="maximum size of a SEG-Y file read at once, uncompressed [bytes]"
    )
    unpacked: int = Field(
        default=16 * 1024 * MIB, ge=1, description="maximum uncompressed size of a compressed file [bytes]"
    )
    growth: float = Field(default=200.0, ge=1, description="maximum ratio of uncompressed to compressed size")
    harmless: int = Field(
        default=64 * MIB, ge=0, description="uncompressed size up to which any ratio is allowed [bytes]"
    )


DEFAULT_LIMITS = SizeLimits()

"""Pure science: arrays and frozen dataclasses in, arrays and frozen dataclasses out."""

from __future__ import annotations

from aemodels.core.quiet_tensorflow import silence_tensorflow

silence_tensorflow()

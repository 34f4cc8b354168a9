"""Pure science: arrays and frozen dataclasses in, arrays and frozen dataclasses out."""

from __future__ import annotations

from aemodels.core.tensorflow_import import watch_tensorflow_import

watch_tensorflow_import()

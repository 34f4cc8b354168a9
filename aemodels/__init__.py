"""Pure science: arrays and frozen dataclasses in, arrays and frozen dataclasses out."""

from __future__ import annotations

import os

# read once, when TensorFlow is loaded, in this process or in one that it starts: no start-up messages (at level 2 a
# machine without a GPU still reports an error)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

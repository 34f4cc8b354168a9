"""TensorFlow starts without a word, and nothing else is lost."""

from __future__ import annotations

import os
import subprocess
import sys

from helpers.paths import ROOT

CODE = """
import os, sys
import aemodels
assert "tensorflow" not in sys.modules
class Talks:
    def find_spec(self, name, path, target=None):
        if name == "keras.src" or name == "tensorflow.python":
            os.write(2, b"a message of our own\\n")
sys.meta_path.insert(0, Talks())
import tensorflow as tf
assert float(tf.constant(2.0) * 3) == 6.0
assert type(tf.__spec__.loader).__name__ == "SourceFileLoader"
os.write(2, b"the end\\n")
"""


def test_tensorflow_starts_silently_and_other_messages_are_kept():
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines[-1] == "the end"
    assert set(lines[:-1]) == {"a message of our own"}

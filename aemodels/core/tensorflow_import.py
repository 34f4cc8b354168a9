"""Import of TensorFlow: without its start-up messages on stderr, and without JAX beside it.

TF_CPP_MIN_LOG_LEVEL silences what TensorFlow logs while it runs. No variable silences what it logs during its import,
before its logger is set up.

TensorFlow's converter of models and a callback of Keras import JAX where that is installed: the one to convert
functions that are written in JAX, the other to mend an old version of it. It costs each process over 100 MB and 0.3 to
0.5 s.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from typing_extensions import override

_Context = Callable[[], AbstractContextManager[None]]

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_WITHOUT_JAX = ("tensorflow.lite.python.util", "keras.src.callbacks.orbax_checkpoint")
_CHATTER = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)|[IWE]\d{4} [\d:.]+ +\d+ [\w/]+\.cc:\d+\]"
)


def watch_tensorflow_import() -> None:
    """Import TensorFlow as this module says, when it is imported in this process; imports nothing itself.

    A level of messages that is already set in the environment is kept; at "0" all messages are shown. JAX is there for
    everyone else; where Keras computes with it, it is imported before those two ask for it, and they have it too.
    """
    # at level 2 a machine without a GPU still reports an error
    quiet = os.environ.setdefault(_LEVEL, "3") != "0"
    if "tensorflow" not in sys.modules:
        if quiet:
            sys.meta_path.insert(0, _Finder("tensorflow", _filtered_stderr))
        for name in _WITHOUT_JAX:
            sys.meta_path.insert(0, _Finder(name, _jax_refused))


def without_chatter(text: bytes) -> bytes:
    r"""Return the lines of stderr that are not log messages of TensorFlow's own sources.

    >>> without_chatter(b"I0000 00:00:1795697835.6 2667 port.cc:153] oneDNN custom operations are on.\n12:57:05 fit\n")
    b'12:57:05 fit\n'
    """
    return b"".join(line for line in text.splitlines(keepends=True) if not _CHATTER.match(line))


class _Finder(MetaPathFinder):
    """Finder of one module that is imported within a context; it takes itself away when asked."""

    def __init__(self, name: str, context: _Context) -> None:
        self._name = name
        self._context = context

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._context)
        return spec


class _Loader(Loader):
    """Loader that runs another one within a context."""

    def __init__(self, loader: Loader, context: _Context) -> None:
        self._loader = loader
        self._context = context

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    @override
    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        with self._context():
            self._loader.exec_module(module)


class _Refusal(MetaPathFinder):
    """Finder that refuses JAX to the thread that made it."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "jax" and threading.get_ident() == self._thread:
            raise ModuleNotFoundError("JAX is not imported where it is not computed with", name="jax")
        return None


@contextmanager
def _jax_refused() -> Iterator[None]:
    refusal = _Refusal()
    sys.meta_path.insert(0, refusal)
    try:
        yield
    finally:
        sys.meta_path.remove(refusal)


@contextmanager
def _filtered_stderr() -> Iterator[None]:
    """Hold back what any thread writes to file descriptor 2, and write it without the chatter at the end."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # a process without stderr
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            os.write(2, without_chatter(held.read()))

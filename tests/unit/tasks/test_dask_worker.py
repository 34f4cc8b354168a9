"""Who runs a task: no Dask worker outside of one, also while another thread imports Dask."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tasks.dask_worker import worker_name, worker_share


@pytest.mark.parametrize("imported", [None, ModuleType("distributed")])
def test_without_dask_or_while_it_is_imported_there_is_no_worker(monkeypatch, imported):
    monkeypatch.setitem(sys.modules, "distributed", imported)
    assert worker_share() is None
    assert worker_name() == "this process"

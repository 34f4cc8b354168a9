from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aemodels.core.errors import SpecError
from aemodels.core.types import Source
from aemodels.signal.split import SplitSpec, basin_of, split_traces, split_wells
from aemodels.signal.wells import plain_name
from helpers.recordings import make_line, make_well


@settings(max_examples=40, deadline=None)
@given(count=st.integers(3, 12), seed=st.integers(0, 99), test=st.floats(0.05, 0.6), validation=st.floats(0.05, 0.6))
def test_no_well_has_two_roles_and_none_is_lost(count, seed, test, validation):
    wells = [make_well(f"15/{n // 2}-{n % 2}", samples=20, seed=n) for n in range(count)]
    split = split_wells(wells, SplitSpec(test_share=test, validation_share=validation), np.random.default_rng(seed))
    roles = [[r.name for r in role] for role in (split.train, split.validation, split.test)]
    assert sorted(itertools.chain(*roles)) == sorted(w.name for w in wells)
    assert all(roles)


def test_two_files_of_one_well_stay_together():
    wells = [make_well(name, samples=20) for name in ("1/1-1", "1_1-1", "2/2-2", "3/3-3")]
    split = split_wells(wells, SplitSpec(), np.random.default_rng(0))
    for role in (split.train, split.validation, split.test):
        assert (
            len({plain_name(r.name) for r in role} & {"1_1_1"}) == 0
            or sum(plain_name(r.name) == "1_1_1" for r in role) == 2
        )


def test_named_hold_out_is_taken_whatever_the_separators():
    wells = [make_well(f"{n}/{n}-1", samples=20, seed=n) for n in range(6)]
    split = split_wells(wells, SplitSpec(test=("2_2-1", "5/5-1", "not here")), np.random.default_rng(0))
    assert {r.name for r in split.test} == {"2/2-1", "5/5-1"}


def test_named_hold_out_is_found_by_its_file_where_the_header_says_more():
    wells = [make_well(f"{n}/{n}-1 Some Field", samples=20, seed=n) for n in range(4)]
    files = [dataclasses.replace(w, source=Source(f"dir/{n}_{n}-1.las", "0" * 64)) for n, w in enumerate(wells)]
    split = split_wells(files, SplitSpec(test=("2/2-1",)), np.random.default_rng(0))
    assert [r.name for r in split.test] == ["2/2-1 Some Field"]


def test_the_same_seed_gives_the_same_split():
    wells = [make_well(f"W{n}", samples=20, seed=n) for n in range(9)]
    first, second = (split_wells(wells, SplitSpec(), np.random.default_rng(4)).names() for _ in range(2))
    assert first == second


def test_wells_in_other_folders_than_home_have_no_role():
    wells = [make_well(f"W{n}", samples=20, seed=n) for n in range(8)]
    folders = ["home"] * 5 + ["kansas_east", "kansas_central", "alberta"]
    files = [
        dataclasses.replace(well, source=Source(f"data/{folder}/{well.name}.las", well.source.sha256))
        for well, folder in zip(wells, folders, strict=True)
    ]
    split = split_wells(files, SplitSpec(home=("home",)), np.random.default_rng(0))
    assert [r.name for r in split.elsewhere] == ["W5", "W6", "W7"]
    assert [basin_of(r) for r in split.elsewhere] == ["kansas", "kansas", "alberta"]
    assert len(split.train) + len(split.validation) + len(split.test) == 5
    alone = split_wells(files[:5], SplitSpec(), np.random.default_rng(0))
    assert alone.names() == split.names()
    nowhere = split_wells(files, SplitSpec(home=("not there",)), np.random.default_rng(0))
    assert not nowhere.elsewhere


def test_a_well_of_home_with_another_file_elsewhere_keeps_its_role():
    wells = [make_well(f"W{n}", samples=20, seed=n) for n in range(4)]
    files = [dataclasses.replace(w, source=Source(f"home/{n}.las", f"{n:064x}")) for n, w in enumerate(wells)]
    again = dataclasses.replace(files[0], source=Source("elsewhere/0.las", "f" * 64))
    split = split_wells([*files, again], SplitSpec(home=("home",)), np.random.default_rng(0))
    assert not split.elsewhere
    assert any([r.name for r in role].count("W0") == 2 for role in (split.train, split.validation, split.test))


def test_two_wells_are_too_few():
    with pytest.raises(SpecError, match="at least 3"):
        split_wells([make_well("A"), make_well("B")], SplitSpec(), np.random.default_rng(0))


@settings(max_examples=25, deadline=None)
@given(traces=st.integers(40, 200), guard=st.integers(0, 4), sections=st.integers(1, 5))
def test_trace_ranges_are_disjoint_and_guarded(traces, guard, sections):
    line = make_line(traces=traces, samples=12)
    split = split_traces([line], SplitSpec(guard=guard, sections=sections))
    roles = (split.train, split.validation, split.test)
    ranges = [sorted(c.headers["trace"] for r in role for c in r.channels) for role in roles]
    assert ranges[0][0] == 0
    assert ranges[2][-1] == traces - 1
    assert ranges[1][0] - ranges[0][-1] == guard + 1
    assert ranges[2][0] - ranges[1][-1] == guard + 1


def test_a_line_of_few_traces_is_refused():
    with pytest.raises(SpecError, match="expected 2 or more"):
        split_traces([make_line(traces=5)], SplitSpec())

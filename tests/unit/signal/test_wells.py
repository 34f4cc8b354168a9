"""Identity of wells: names alone do not tell, identifiers do."""

from __future__ import annotations

import dataclasses

from aemodels.core.types import Recording, Source
from aemodels.signal.wells import well_identifier, well_keys, with_distinct_names
from helpers.recordings import make_well


def _well(name: str, file: str = "a.las", **fields: str) -> Recording:
    return dataclasses.replace(make_well(name, samples=20), headers={"well": fields}, source=Source(file, "0" * 64))


def test_an_api_number_counts_to_its_tenth_digit_however_it_is_written() -> None:
    written = ("15-015-23,814-00-00", "API 15-015-23814", "150152381401", "15015238140000")
    assert {well_identifier(_well("A", API=number)) for number in written} == {"1501523814"}


def test_a_well_identifier_counts_as_a_whole() -> None:
    first, second = _well("A", UWI="00/06-30-078-05W4/0"), _well("A", UWI="00/06-30-079-05W4/0")
    assert well_identifier(first) != well_identifier(second)
    assert well_identifier(_well("A", API="no", UWI="")) == ""
    assert well_identifier(make_well("A", samples=20)) == ""


def test_wells_that_share_a_name_are_told_apart_by_their_identifiers() -> None:
    wells = [_well("1", API="15-127-20455"), _well("1", API="15-015-22928"), _well("1", API="15-127-20455-01")]
    first, second, third = well_keys(wells)
    assert first == third != second
    names = [recording.name for recording in with_distinct_names(wells)]
    assert names == ["1 (1512720455)", "1 (1501522928)", "1 (1512720455)"]


def test_files_of_one_well_stay_together_whatever_they_are_called() -> None:
    wells = [_well("31/3-1", API="15-127-20455"), _well("31_3-1"), _well("Oseberg", API="15-127-20455")]
    assert len(set(well_keys(wells))) == 1
    assert [recording.name for recording in with_distinct_names(wells)] == ["31/3-1", "31_3-1", "Oseberg"]


def test_a_file_without_identifier_is_none_of_several_wells_of_its_name() -> None:
    wells = [_well("1", API="15-127-20455"), _well("1", API="15-015-22928"), _well("1", "dir/x.las")]
    assert len(set(well_keys(wells))) == 3
    assert with_distinct_names(wells)[2].name == "1 (x)"

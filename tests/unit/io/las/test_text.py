from __future__ import annotations

import pytest

from aemodels.io.las.text_sections import decode, parse_text, section_kind

TITLES = {
    "~V": "V",
    "~VERSION INFORMATION": "V",
    "~Well": "W",
    "~ Curve": "C",
    "~Parameter Information": "P",
    "~Other": "O",
    "~A  DEPTH  DT": "A",
    "~Ascii | Curve": "A",
    "~ASCII_DATA": "A",
    "~Log_Data[1] | Log_Definition[1]": "A",
    "~Log_Definition": "C",
    "~Log_Parameter": "P",
    "~Core_Data[1] | Core_Definition": "X",
    "~Core_Definition": "X",
    "~Perforations_Definition": "X",
    "~Tops_Parameter": "X",
    "~": "X",
    "~Zone": "X",
}


@pytest.mark.parametrize(("title", "kind"), TITLES.items())
def test_section_kinds(title: str, kind: str):
    assert section_kind(title + "\n") == kind


@pytest.mark.parametrize(
    "data", [b"abc \xc3\x86", b"\xff\xfe~\x00V\x00", b"~\x00V\x00e\x00r\x00", bytes(range(256)), b"\x80\x81", b""]
)
def test_decoding_loses_nothing(data: bytes):
    text, codec = decode(data)
    assert text.encode(codec) == data


def test_a_file_without_sections_has_none():
    assert parse_text(b"no tilde\nat all\n").sections == ()


def test_sections_cover_the_file_from_the_first_title_on():
    text = parse_text(b"# comment\r\n~V\r\nVERS. 2 :\r\n~A\r\n1 2\r\n\r\n3 4")
    assert [(section.kind, section.title, section.stop) for section in text.sections] == [("V", 1, 3), ("A", 3, 7)]
    assert text.data_lines(text.sections[1]) == [4, 6]
    assert text.newline == "\r\n"
    assert "".join(text.lines).encode() == b"# comment\r\n~V\r\nVERS. 2 :\r\n~A\r\n1 2\r\n\r\n3 4"

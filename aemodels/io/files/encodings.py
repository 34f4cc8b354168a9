"""Encodings without a mark: Western, Cyrillic and Chinese, told by the units and words that they give."""

from __future__ import annotations

import re

from aemodels.curves.tables import is_unit

WESTERN = "cp1252"
CODECS = (WESTERN, "cp1251", "cp866", "koi8-r", "gb18030", "cp437", "cp850")
HEAD = 2**16  # bytes examined
MIN_WORDS = 2
FOREIGN = re.compile(rb"[\x80-\xff]{3,}")
UNIT = re.compile(r"\.([^\s:.]{1,12})(?=[\s:])|[(\[]([^\s()\[\]]{1,12})[)\]]")  # behind a dot, or in brackets
NON_ASCII = re.compile(r"[^\x00-\x7f]")
CYRILLIC_WORD = re.compile(r"\b[А-ЯЁ]?[а-яё]{3,}\b|\b[А-ЯЁ]{3,}\b")
CHINESE = re.compile(r"[\u4e00-\u9fff]{2,}")
COMMON = frozenset("оеаинтсрвлОЕАИНТСРВЛ")
MIN_COMMON_SHARE = 0.5  # of common letters in Russian text; of a wrong code page they are a third or less


def likely_codec(data: bytes) -> str:
    """Return the encoding of text that is not UTF-8, by the units and words of its beginning.

    Args:
        data: bytes of the file.

    Returns:
        The codec; cp1252 if nothing supports another one.
    """
    head = data[:HEAD]
    texts = {codec: text for codec in CODECS if (text := _decoded(head, codec)) is not None}
    units = {codec: _known_units(text) for codec, text in texts.items()}
    best = max(units, key=lambda codec: (units[codec], _words(codec, texts[codec])), default=WESTERN)
    if units.get(best) or (len(FOREIGN.findall(head)) >= MIN_WORDS and _words(best, texts[best]) >= MIN_WORDS):
        return best
    return WESTERN


def _decoded(head: bytes, codec: str) -> str | None:
    for cut in range(4):  # the last character may be cut
        try:
            return head[: len(head) - cut].decode(codec)
        except UnicodeDecodeError:
            continue
    return None


def _known_units(text: str) -> int:
    """Return the number of units with characters beyond ASCII that are known."""
    found = {unit for pair in UNIT.findall(text) for unit in pair if NON_ASCII.search(unit)}
    return sum(is_unit(unit) for unit in found)


def _words(codec: str, text: str) -> int:
    """Return the number of words that are plausible in the language of an encoding."""
    if codec == "gb18030":
        return len(CHINESE.findall(text))
    if codec in (WESTERN, "cp437", "cp850"):
        return 0
    words = CYRILLIC_WORD.findall(text)
    letters = "".join(words)
    common = sum(letter in COMMON for letter in letters)
    return len(words) if common >= MIN_COMMON_SHARE * max(len(letters), 1) else 0

"""How alike two names are: the one a bank has on an account, and the one we know its owner by."""

from collections.abc import Sequence
from typing import Final

from rapidfuzz import fuzz

from bursar.foundation import texts

ALIKE_MIN: Final = 0.6  # Words that share less than this are different words, not one misspelt.
INITIAL: Final = 0.9  # What a lone letter is worth against a word that begins with it.
CORE: Final = 0.4  # What is left of a perfect match when the other name has words without end beside it.

_TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "engr", "chief", "alhaji", "mallam"})
_COMPANY: Final = frozenset({
    "ag", "and", "bv", "co", "company", "corp", "corporation", "enterprise", "enterprises", "gmbh", "inc",
    "incorporated", "limited", "llc", "llp", "ltd", "nig", "nigeria", "nv", "plc", "private", "pvt", "sa", "sarl",
    "the", "ventures",
})  # fmt: skip
"""Words that banks add, drop and shorten as they like."""


def name_score(a: str, b: str) -> float:
    """How alike two names are, from 0 (nothing in common) to 1 (the same name); which of them comes first is all one.

    Case, accents, punctuation, the order of words, titles and company forms make no difference. An initial stands for
    a word that begins with it, and a name that is part of a longer one scores by how much of it there is.
    """
    fewer, more = sorted((words(a), words(b)), key=lambda name: (len(name), name))
    if not fewer:
        return 0.0
    if fewer == more:
        return 1.0
    matched = _matched(fewer, more) / sum(map(len, fewer))
    by_word = matched * (CORE + (1 - CORE) * len(fewer) / len(more))
    whole = fuzz.ratio("".join(fewer), "".join(more)) / 100  # "Mc Donald" and "McDonald".
    return round(max(by_word, whole if whole >= ALIKE_MIN else 0.0), 4)


def words(name: str) -> tuple[str, ...]:
    """The words of a name that tell it from others, plain and sorted; all of them where only titles are left."""
    found = texts.plain_words(name)
    telling = [word for word in found if word not in _TITLES and word not in _COMPANY]
    return tuple(sorted(telling or found))


def _matched(fewer: Sequence[str], more: Sequence[str]) -> float:
    """How many letters of the one name stand in the other: the most alike words go together, each word once."""
    pairs = sorted(
        ((_alike(one, other), i, j) for i, one in enumerate(fewer) for j, other in enumerate(more)), reverse=True
    )
    matched, ones, others = 0.0, set[int](), set[int]()
    for alike, i, j in pairs:
        if alike and i not in ones and j not in others:
            matched += alike * len(fewer[i])
            ones.add(i)
            others.add(j)
    return matched


def _alike(one: str, other: str) -> float:
    if one[0] == other[0] and 1 in {len(one), len(other)} and one != other:
        return INITIAL
    alike = fuzz.ratio(one, other) / 100
    return alike if alike >= ALIKE_MIN else 0.0

"""How alike names are: what banks do to names makes no difference, and other people's names do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.risk import name_score

NAMES = st.lists(st.text("abcdefgh", min_size=2, max_size=8), min_size=1, max_size=4).map(" ".join)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Chinedu Okonkwo", "OKONKWO CHINEDU"),
        ("José Núñez", "JOSE NUNEZ"),
        ("Søren Ærø", "SOREN AERO"),
        ("Acme Limited", "ACME LTD."),
        ("Ada & Sons Nigeria Ltd", "ADA SONS"),
        ("Mrs. Ngozi O'Brien", "OBRIEN NGOZI"),
        ("Mr", "mr"),
        ("王小明", "王小明"),
    ],
)
def test_the_same_name_however_it_is_written(one: str, other: str) -> None:
    assert name_score(one, other) == 1.0


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Chinedu Okonkwo", "OKONKWO CHINEDU EMEKA", 0.75, 0.9),  # A middle name that the bank knows.
        ("C. Okonkwo", "Chinedu Okonkwo", 0.9, 0.99),
        ("Chinedu Okonkwo", "Chinedu Okonkwa", 0.85, 0.99),  # A slip of the pen.
        ("McDonald Obi", "Mc Donald Obi", 0.75, 0.99),
        ("Chinedu", "Chinedu Okonkwo", 0.5, 0.74),  # A first name alone is many people's.
        ("Adaeze Nwosu", "Adaeze Bello", 0.3, 0.74),
        ("Anna Khan", "Bola Tinubu", 0.0, 0.0),
        ("Anna Khan", "", 0.0, 0.0),
        ("", "", 0.0, 0.0),
    ],
)
def test_how_alike_names_are(one: str, other: str, least: float, most: float) -> None:
    assert least <= name_score(one, other) <= most


@given(NAMES, NAMES)
def test_a_score_is_a_share_and_the_same_from_both_sides(one: str, other: str) -> None:
    assert 0 <= name_score(one, other) <= 1
    assert name_score(one, other) == name_score(other, one)


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_people_type_there_is_a_score(one: str, other: str) -> None:
    assert 0 <= name_score(one, other) == name_score(other, one) <= 1


@given(NAMES, st.randoms(use_true_random=False))
def test_the_order_and_the_case_of_words_make_no_difference(name: str, chance: object) -> None:
    words = name.upper().split()
    chance.shuffle(words)  # type: ignore[attr-defined]  # Hypothesis's own kind of random.Random.
    assert name_score(name, " ".join(words)) == 1.0

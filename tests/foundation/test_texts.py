"""Texts that people type are refused only where they would do harm."""

import pytest

from bursar.foundation import texts
from bursar.foundation.errors import Invalid


@pytest.mark.parametrize("line", ["a", "ten chars.", "محمد‌علی", "two words"])
def test_a_line_passes(line: str) -> None:
    texts.insist_line(line, field="name", most=10)


@pytest.mark.parametrize(
    "line", ["", " ", " a", "a ", "a\nb", "a\tb", "a\0", "a\u2028b", "a\x85b", "a\ud800", "eleven char"]
)
def test_what_is_not_a_line_is_refused_by_its_field(line: str) -> None:
    with pytest.raises(Invalid, match="name must be one line of 1 to 10 characters"):
        texts.insist_line(line, field="name", most=10)


@pytest.mark.parametrize("address", ["a@b", "first.last+tag@example.com", "用户@例え.jp"])
def test_an_address_passes(address: str) -> None:
    texts.insist_email(address)


@pytest.mark.parametrize("address", ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", "a\0@b", "a" * 250 + "@b.cd"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match="email must be an e-mail address"):
        texts.insist_email(address)


@pytest.mark.parametrize("text", ["", "one\r\ntwo\tthree", "x" * 20])
def test_a_text_passes(text: str) -> None:
    texts.insist_text(text, field="reason", most=20)


@pytest.mark.parametrize("text", ["x" * 21, "bell\a", "nul\0", "half \ud800"])
def test_what_is_not_a_text_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(Invalid, match="reason must be a text of at most 20 characters"):
        texts.insist_text(text, field="reason", most=20)

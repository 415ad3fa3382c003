"""What is typed is what counts, and nothing that YAML can do to a reader is done to us."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program_text import TEXT, changed

from bursar import programs
from bursar.foundation.money import Money


def problems(text: str) -> list[str]:
    with pytest.raises(programs.BadTerms) as refused:
        programs.read(text, file="m.yaml")
    return [str(problem) for problem in refused.value.problems]


@given(st.integers(min_value=1, max_value=10**15 - 1))
def test_amounts_are_read_to_the_last_digit(minor: int) -> None:
    amount = Money(minor, "PKR")
    terms = programs.read(changed("amount_at: 100000.00", f"amount_at: {amount.text}"), file="m.yaml")
    assert terms.review.amount_at == amount


@pytest.mark.parametrize("typed", ["100000", "100000.0", '"100000.00"', "'100000'"])
def test_an_amount_may_be_typed_as_number_or_text(typed: str) -> None:
    terms = programs.read(changed("amount_at: 100000.00", f"amount_at: {typed}"), file="m.yaml")
    assert terms.review.amount_at == Money(100_000_00, "PKR")


def test_norway_is_a_country_and_no_truth_value() -> None:
    assert programs.read(changed("country: PK", "country: NO"), file="m.yaml").destinations.country == "NO"


def test_an_empty_group_has_its_defaults() -> None:
    text = changed("limits:\n  minimum: 1.00\n  maximum: 5000000\n  per_day: 9000000.50\n", "limits:\n")
    assert programs.read(text, file="m.yaml").limits.maximum is None


def test_what_is_left_out_has_its_default() -> None:
    text = TEXT.replace("  base_seconds: 2\n", "").replace("  max_seconds: 60\n", "")
    assert programs.read(text, file="m.yaml").retry == programs.Retry()


@pytest.mark.parametrize("nothing", ["null", "~", ""])
def test_null_is_no_limit(nothing: str) -> None:
    terms = programs.read(changed("maximum: 5000000", f"maximum: {nothing}"), file="m.yaml")
    assert terms.limits.maximum is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "m.yaml:1: the file must be fields and their values, such as currency: PKR (given nothing)"),
        ("# only words\n", "m.yaml:1: the file must be fields and their values, such as currency: PKR (given nothing)"),
        ("- 1", "m.yaml:1: the file must be fields and their values, such as currency: PKR (given a list)"),
        ("a: 'b", "m.yaml:1: the file is not YAML: while scanning a quoted scalar, found unexpected end of stream"),
        ("a: 1\nb: c: d\n", "m.yaml:2: the file is not YAML: mapping values are not allowed here"),
        (
            "a: 1\n---\nb: 2\n",
            "m.yaml:2: the file is not YAML: expected a single document in the stream, but found another document",
        ),
        ("a: 1\nb: \x1b[31m\n", "m.yaml:2: the file is not YAML: special characters are not allowed"),
        ("a: &x 1\nb: 2\n", "m.yaml:1: the file must not use anchors and aliases"),
        ("a: 1\nb: !!python/name:os.system x\n", "m.yaml:2: the file must not use tags"),
        ("a: !!str 1\n", "m.yaml:1: the file must not use tags"),
        ("a: !mine {b: 1}\n", "m.yaml:1: the file must not use tags"),
        ("[" * 60_000, "m.yaml:1: the file must not nest deeper than 8 levels"),
        ("a: 1\n" + "# \u00e4\n" * 20_000, "m.yaml:1: the file must not be larger than 64 KiB"),
    ],
)
def test_what_is_no_program_file_is_refused_before_it_is_built(text: str, said: str) -> None:
    assert problems(text) == [said]


def test_every_anchor_and_alias_is_named() -> None:
    laughs = "a: &a [ha, ha]\nb: &b [*a, *a]\n"
    assert [problem.split(" ")[0] for problem in problems(laughs)] == [
        "m.yaml:1:",
        "m.yaml:2:",
        "m.yaml:2:",
        "m.yaml:2:",
    ]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert problems(text)


@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(TEXT)))
    damaged = TEXT[:place] + data.draw(st.text(max_size=5)) + TEXT[place + data.draw(st.integers(0, 5)) :]
    try:
        programs.read(damaged, file="m.yaml")
    except programs.BadTerms as refused:
        lines = [problem.line for problem in refused.problems]
    else:
        lines = [1]
    assert lines
    assert all(1 <= line <= damaged.count("\n") + 2 for line in lines)


def test_a_wrong_value_is_repeated_in_part_only() -> None:
    (problem,) = problems(changed("program: merchants", "program: " + "X" * 5_000))
    assert len(problem) < 200


def test_a_refusal_lists_its_problems_for_people_and_programs() -> None:
    with pytest.raises(programs.BadTerms) as refused:
        programs.read(changed("PKR", "money").replace("gateway: mockbank", "gateway: 7"), file="m.yaml")
    assert refused.value.code == "invalid_terms"
    assert len(refused.value.facts["problems"]) == 2
    assert refused.value.message.splitlines()[1:] == refused.value.facts["problems"]


def test_a_gateway_that_is_not_installed_is_a_warning_with_its_line() -> None:
    checked = programs.check(TEXT, file="m.yaml", gateways={"others"})
    assert [str(warning) for warning in checked.warnings] == [
        'm.yaml:25: route.gateway names "mockbank", which is not installed: payouts of this program wait'
    ]
    assert programs.check(TEXT, file="m.yaml", gateways={"mockbank"}).warnings == ()

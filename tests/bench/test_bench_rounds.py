"""Measuring in turns."""

from bench import rounds


def counted(name: str, diary: list[str], *values: float) -> rounds.Measure:
    """A measurement that gives these values in turn, and notes each time in the diary."""
    coming = iter(values)

    async def measure() -> float:
        diary.append(name)
        return next(coming)

    return measure


async def test_the_sides_change_who_goes_first_from_round_to_round() -> None:
    diary: list[str] = []
    await rounds.in_turns(
        [rounds.Contest("x", "/s", counted("a", diary, 1, 1, 1), counted("b", diary, 1, 1, 1))], rounds=3
    )
    assert diary == ["a", "b", "b", "a", "a", "b"]


async def test_a_reference_of_two_figures_is_measured_once_in_each_round() -> None:
    diary: list[str] = []
    shared = counted("ref", diary, 10, 20)
    contests = [rounds.Contest(name, "/s", counted(name, diary, 20, 20), shared) for name in ("one", "two")]
    figures = await rounds.in_turns(contests, rounds=2)
    assert diary == ["one", "ref", "two", "ref", "one", "two"]
    assert [figure.references for figure in figures] == [[10, 20], [10, 20]]


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    figure = rounds.Figure("x", "/s", values=[100, 50, 300], references=[50, 20, 300])
    assert (figure.value, figure.reference, figure.ratio) == (100, 50, 2.0)

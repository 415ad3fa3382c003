"""Why terms are not accepted, not there, or do not allow something.

BadTerms       the file breaks rules; every break is listed
NoSuchProgram  no program of this name, or no such version of its terms
EarningsStay   a program that credits earnings cannot go back to deposits
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bursar.foundation.errors import Conflict, Invalid, Missing


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a program file, and where; reads as one line."""

    file: str
    line: int  # 0 where it is about a single field that somebody gives, and stands in no file yet.
    field: str  # The path of the field, such as ``review.amount_at``; empty when it is about the whole file.
    rule: str  # What the field must be or may not be, as a predicate.
    given: str | None = None  # What stands there instead; None where nothing does.

    def __str__(self) -> str:
        """As compilers print it: ``merchants.yaml:14: review.amount_at must be ... (given "100,000")``."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        given = f" (given {self.given})" if self.given is not None else ""
        return f"{place}: {self.field or 'the file'} {self.rule}{given}"


class BadTerms(Invalid):
    """The program file breaks rules."""

    code = "invalid_terms"

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Refuse a file or several, with everything that is wrong in them, in the order of their lines."""
        self.problems: Sequence[Problem] = sorted(problems, key=lambda problem: (problem.file, problem.line))
        lines = [str(problem) for problem in self.problems]
        super().__init__("\n".join(["The program file breaks rules:", *lines]), problems=lines)


class NoSuchProgram(Missing):
    """There is no such program."""

    code = "program_not_found"

    def __init__(self, program: str, version: int | None = None) -> None:
        """Refuse a name that no program has, or a version that its terms never had."""
        which = f"no program {program!r}" if version is None else f"no version {version} of program {program!r}"
        super().__init__(f"There is {which}.", program=program, version=version)


class EarningsStay(Conflict):
    """A program that credits earnings cannot go back to deposits: nobody could say what paid its earnings off."""

    code = "earnings_stay"


class DestinationNotAllowed(Invalid):
    """This program does not pay to such a destination."""

    code = "destination_not_allowed"

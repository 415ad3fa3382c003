"""Writes the parts of the documents that derive from code, between ``<!-- generated: name -->`` and ``<!-- end -->``.

``python docs/generate.py`` writes them; with ``--check`` it changes nothing and fails when one of them is out of date.
"""  # noqa: INP001 - a script beside the documents it writes, not a package

import re
import sys
from collections.abc import Callable
from pathlib import Path

from bursar.gateways import Outcome, Word
from bursar.gateways.flutterwave import causes as flutterwave
from bursar.gateways.mockbank import wire as mockbank
from bursar.gateways.razorpayx import causes as razorpayx
from bursar.gateways.stripe import causes as stripe
from bursar.payouts.model import LIFECYCLE, Effect, PayoutState

DOCS = Path(__file__).parent

_PART = re.compile(r"(?P<opening><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<closing><!-- end -->)", re.DOTALL)


def lifecycle_table() -> str:
    """Every move of a payout: verb, from, to, and what happens to its reserved money."""
    rows = [
        f"| {move.verb} | {', '.join(_in_order(move.sources)) or '—'} | {move.target} | {move.money.value} |"
        for move in LIFECYCLE
    ]
    return "\n".join(["| verb | from | to | reserved money |", "|---|---|---|---|", *rows])


def lifecycle_diagram() -> str:
    """The same moves as a picture."""
    edges = [
        f"    {source} --> {move.target} : {move.verb}{'' if move.money is Effect.NONE else f' ({move.money.value})'}"
        for move in LIFECYCLE
        for source in _in_order(move.sources) or ["[*]"]
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *edges, "```"])


def _in_order(states: frozenset[PayoutState]) -> list[str]:
    """In the order of a payout's life, so that the same table always gives the same text."""
    return [state.value for state in PayoutState if state in states]


def stripe_refusals() -> str:
    """Each code of a refused request to Stripe: at which step, what we call it, and what follows."""
    steps = [("both", stripe.REFUSALS), *((step.value, codes) for step, codes in stripe.REFUSALS_AT.items())]
    rows = [
        f"| `{code}` | {step} | `{cause.reason}` | {cause.kind} |"
        for step, codes in steps
        for code, cause in sorted(codes.items())
    ]
    return "\n".join(["| `code` | step | our reason | class |", "|---|---|---|---|", *rows])


def stripe_failures() -> str:
    """Each reason for which Stripe says that a payout failed."""
    rows = [f"| `{code}` | `{cause.reason}` | {cause.kind} |" for code, cause in sorted(stripe.FAILURES.items())]
    rows += [
        f"| any other, or none | `{stripe.UNRECOGNISED.reason}` | {stripe.UNRECOGNISED.kind} |",
        f"| the payout is `canceled` | `{stripe.CANCELED.reason}` | {stripe.CANCELED.kind} |",
        f"| its transfer was taken back at Stripe | `{stripe.TAKEN_BACK.reason}` | {stripe.TAKEN_BACK.kind} |",
    ]
    return "\n".join(["| `failure_code` | our reason | class |", "|---|---|---|", *rows])


def razorpayx_causes() -> str:
    """Each reason for which RazorpayX refuses a request, or says that a payout failed or was reversed."""
    told = [("request", razorpayx.REFUSALS), ("payout", razorpayx.FAILURES)]
    rows = [
        f"| `{reason}` | {what} | `{cause.reason}` | {cause.kind} |"
        for what, reasons in told
        for reason, cause in sorted(reasons.items())
    ]
    rows += [
        f"| any other, or none | payout | `{razorpayx.UNRECOGNISED.reason}` | {razorpayx.UNRECOGNISED.kind} |",
        f"| the payout is `cancelled` | payout | `{razorpayx.CANCELLED.reason}` | {razorpayx.CANCELLED.kind} |",
        f"| the payout is `rejected` | payout | `{razorpayx.REJECTED.reason}` | {razorpayx.REJECTED.kind} |",
    ]
    return "\n".join(["| `reason` | of what | our reason | class |", "|---|---|---|---|", *rows])


def flutterwave_causes() -> str:
    """Each reason that Flutterwave's sentences and codes are known to mean."""
    causes = [*(cause for _, cause in flutterwave.TABLE), *flutterwave.CODES.values()]
    kinds = {c.reason: "look up" if c.kind is flutterwave.Kind.DUPLICATE else c.kind for c in causes}
    rows = [f"| `{reason}` | {kind} |" for reason, kind in sorted(kinds.items())]
    return "\n".join(["| our reason | class |", "|---|---|", *rows])


def mockbank_statuses() -> str:
    """Each status of the mock bank, as its client understands it."""
    statuses = ("SUCCESS", "PENDING", "ON_HOLD", "FAILED", "RETRY", "RETURNED", "any other")
    understood = [(status, mockbank.understand(mockbank.Answered("r", status=status))) for status in statuses]
    rows = [f"| `{status}` | {_followed_by(outcome)} |" for status, outcome in understood]
    return "\n".join(["| `status` | class |", "|---|---|", *rows])


def _followed_by(outcome: Outcome) -> str:
    if outcome.word is not Word.REFUSED:
        return f"({outcome.word})"
    return "retryable" if outcome.retryable else "permanent"


PARTS: dict[str, Callable[[], str]] = {
    "lifecycle-table": lifecycle_table,
    "lifecycle-diagram": lifecycle_diagram,
    "stripe-refusals": stripe_refusals,
    "stripe-failures": stripe_failures,
    "razorpayx-causes": razorpayx_causes,
    "flutterwave-causes": flutterwave_causes,
    "mockbank-statuses": mockbank_statuses,
}


def current(text: str) -> str:
    """A document with its generated parts as they should be.

    Raises:
        KeyError: a marker names a part that nothing generates.
    """
    return _PART.sub(lambda part: f"{part['opening']}{PARTS[part['name']]()}\n{part['closing']}", text)


def stale() -> list[Path]:
    """The documents with a part that is out of date."""
    return [path for path in sorted(DOCS.rglob("*.md")) if current(path.read_text("utf-8")) != path.read_text("utf-8")]


def main(arguments: list[str]) -> str | None:
    """Write what is out of date, or with ``--check`` name it; the answer is a complaint for ``sys.exit``."""
    outdated = stale()
    if arguments == ["--check"]:
        names = ", ".join(str(path.relative_to(DOCS.parent)) for path in outdated)
        return (
            f"Out of date: {names}. Run `.venv/bin/python docs/generate.py` and commit the result." if names else None
        )
    for path in outdated:
        path.write_text(current(path.read_text("utf-8")), "utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What a notice says: subject, text, page and push message, made from templates that an installation can replace.

A template is looked for in ``NOTICE_TEMPLATES/<program>``, then in ``NOTICE_TEMPLATES``, then among those that come
with Bursar. One file per kind holds the words; ``letter.html.j2`` and ``letter.txt.j2`` hold the form. Templates run in
Jinja's sandbox, everything that a person may have typed is escaped, and a name that is misspelt is an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bursar.outbound.notices import reasons, typed
from bursar.outbound.notices.errors import BadTemplate
from bursar.outbound.notices.model import OPTIONAL, TO_STAFF, Kind

SUBJECT_LENGTH_MAX: Final = 150  # Mail programs show less; a name alone must not fill a header.
ITEMS_MAX: Final = 25  # In one letter to staff; the rest is counted.

_PACKAGED: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice in words."""

    subject: str
    text: str
    html: str
    push: str


class Templates:
    """The words of all notices, of one installation."""

    def __init__(self, own: Path | None = None, *, pages: str | None = None) -> None:
        """Use the templates in the folder ``own`` before ours; ``pages`` is where holders find their payouts."""
        self._own = own
        self._pages = pages.rstrip("/") if pages else None
        self._environments = lru_cache(maxsize=100)(self._make)

    def letter(self, kind: Kind, program: str | None, items: Sequence[Mapping[str, Any]]) -> Letter:
        """Write one letter; ``items`` are facts of notices, of which only letters to staff hold more than one.

        One about no program is written with the templates for all.

        Raises:
            BadTemplate: naming the template and what is wrong with it.
        """
        assert len(items) == 1 or kind in TO_STAFF, "what a holder is told, they are told one by one"
        context = self._context(kind, items)
        try:
            words = self._words(program or "", kind, html=False)
            return Letter(
                subject=_line(_block(words, "subject", context), SUBJECT_LENGTH_MAX),
                text=words.render(context | {"layout": "letter.txt.j2"}).strip() + "\n",
                html=self._words(program or "", kind, html=True).render(context | {"layout": "letter.html.j2"}),
                push=_line(_block(words, "push", context), SUBJECT_LENGTH_MAX),
            )
        except Exception as broken:
            name = getattr(broken, "name", None) or f"{kind.value}.j2"
            raise BadTemplate(
                field=f"{program or 'all'}/{name}", rule=f"a template that can be rendered: {broken}"
            ) from broken

    def _words(self, program: str, kind: Kind, *, html: bool) -> Template:
        return self._environments(program, html).get_template(f"{kind.value}.j2")

    def _make(self, program: str, html: bool) -> ImmutableSandboxedEnvironment:
        own = [self._own / program, self._own] if self._own else []
        made = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader([*own, _PACKAGED]),
            autoescape=html,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        made.filters["moment"] = _moment
        return made

    def _context(self, kind: Kind, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What templates may use; texts that people typed come without characters that nobody sees."""
        shown = [_shown(kind, item) for item in items[:ITEMS_MAX]]
        return {
            **shown[0],
            "kind": kind.value,
            "items": shown,
            "count": len(items),
            "greeted": typed.greeted(items[0]["name"]) if kind not in TO_STAFF else None,
            "for_staff": kind in TO_STAFF,
            "optional": kind in OPTIONAL,
            "link": self.link(kind, items[0]),
            "pages": self._pages,
        }

    def link(self, kind: Kind, facts: Mapping[str, Any]) -> str | None:
        """Where a holder sees the payout that this is about; None without pages, and for everything else."""
        return f"{self._pages}/payouts/{facts['payout']}" if self._pages and kind in OPTIONAL else None

    @property
    def wishes(self) -> str | None:
        """Where holders say what they want to be told; None without pages."""
        return f"{self._pages}/notices" if self._pages else None


_TYPED: Final = ("name", "reference", "note")


def _shown(kind: Kind, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as people may read them: without characters that nobody sees, and without links that somebody typed."""
    clean = {name: typed.visible(value) if isinstance(value, str) else value for name, value in facts.items()}
    clean |= {name: typed.unlinked(clean[name]) for name in _TYPED if name in clean}
    if kind is Kind.REJECTED:
        return clean | {"why": clean["reason"]}
    if kind in {Kind.FAILED, Kind.RETURNED}:
        reason = reasons.of_failure(facts["reason"])
        return clean | {"why": reason.sentence, "check_account": reason.check_account}
    return clean


def _block(template: Template, name: str, context: Mapping[str, Any]) -> str:
    if name not in template.blocks:
        raise ValueError(f"it has no block {name}")
    return "".join(template.blocks[name](template.new_context(dict(context))))


def _line(text: str, most: int) -> str:
    line = " ".join(typed.visible(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


@pass_context
def _moment(context: Context, at: str) -> str:
    """A moment in the program's own time, with the zone: ``20 November 2026, 10:05 WAT``."""
    local = datetime.fromisoformat(at).astimezone(ZoneInfo(context["time_zone"]))
    zone = local.tzname() or ""
    named = f"UTC{zone}" if zone[:1] in {"+", "-"} else zone  # Many zones have no letters of their own.
    return f"{local.day} {local:%B %Y, %H:%M} {named}"

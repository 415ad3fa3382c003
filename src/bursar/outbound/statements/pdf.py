"""A statement as a PDF: A4, with the fonts it needs in the file, and the same bytes whenever it is drawn again.

DejaVu Sans Condensed comes with us (see ``fonts/LICENSE``); it has the signs of all currencies, and Latin, Greek and
Cyrillic letters. A character that it lacks is shown as the replacement character; reference and CSV hold it as it is.
Lines are set with ``text``, which is three times as quick as fpdf2's cells: ten thousand take a second or two.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.numbers import get_currency_symbol
from fpdf import FPDF
from fpdf.fonts import TTFFont

from bursar.foundation.money import Money
from bursar.outbound.statements.model import EFFECT, WORDS, Entry, Line, Statement

_FONTS: Final = Path(__file__).parent / "fonts"
_FAMILY: Final = "DejaVu"

# All measures are in millimetres, but for fonts, which are in points.
_MARGIN: Final = 15.0
_WIDTH: Final = 180.0  # Between the margins of a page of A4.
_BOTTOM: Final = 275.0  # Below this is the footer's.
_LEADING: Final = 4.2
_GAP: Final = 2.5  # Between two columns.
_DATE: Final = 19.0  # The widths of the first two columns.
_WHAT: Final = 34.0
_DETAILS_MIN: Final = 12.0  # Of the next one, however long the figures are; the longest there can be leave none.
_DETAIL_LINES_MAX: Final = 4  # Longer references and descriptions end in three dots.
_INK: Final = (28, 32, 38)
_FAINT: Final = (112, 118, 126)
_RULE: Final = (205, 209, 214)
_BAND: Final = (242, 244, 246)

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_CUT: Final = "\N{HORIZONTAL ELLIPSIS}"
_MINUS: Final = "\N{MINUS SIGN}"


def drawn(statement: Statement) -> bytes:
    """The whole document."""
    sheet = _Sheet(statement)
    sheet.draw_head()
    sheet.draw_summary()
    sheet.draw_lines()
    return bytes(sheet.output())


class _Sheet(FPDF):
    """The document while it is drawn; ``_y`` is how far down the page it is."""

    def __init__(self, statement: Statement) -> None:
        super().__init__(format="A4")
        self._statement = statement
        self._owes = any(figure.minor for figure in _owed(statement))
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(False)
        for style, file in (("", "DejaVuSansCondensed.ttf"), ("B", "DejaVuSansCondensed-Bold.ttf")):
            self.add_font(_FAMILY, style, _FONTS / file)
        self._known = set.intersection(*(set(font.cmap) for font in self.fonts.values() if isinstance(font, TTFFont)))
        day = statement.as_of or statement.period.last
        self.set_creation_date(datetime(day.year, day.month, day.day, tzinfo=UTC))
        self.set_lang("en")
        self.set_title(f"Statement {statement.period.name}")
        self.set_author(self._plain(statement.program_title))
        self._y = _MARGIN
        self.add_page()
        self._columns = self._measured()

    def footer(self) -> None:
        """Whose it is, and which page of how many; fpdf2 calls this at the end of each page."""
        holder = self._statement.holder
        self._style(7, faint=True)
        self.set_xy(_MARGIN, _BOTTOM + 6)
        reference = self._fitting(f"{self._statement.period.name} \N{MIDDLE DOT} {self._plain(holder.reference)}", 140)[
            0
        ]
        self.cell(140, 4, reference)
        self.cell(_WIDTH - 140, 4, f"Page {self.page_no()} of {{nb}}", align="R")

    def draw_head(self) -> None:
        """What this is, for whom, and of when."""
        statement = self._statement
        self._write(f"{statement.program_title}", size=9, faint=True)
        self._write("Statement", size=20, bold=True, leading=10)
        self._write(statement.period.title, size=11)
        if statement.as_of is not None:
            self._write(f"So far, as of {statement.as_of.isoformat()}: the period is not over.", size=9, faint=True)
        self._y += 4
        self._write(statement.holder.name, size=11, bold=True)
        self._write(statement.holder.reference, size=9)
        self._write(f"{statement.holder.kind} {statement.holder.id}", size=7, faint=True)
        self._y += 4

    def draw_summary(self) -> None:
        """The opening balance, what each kind of line comes to, and the closing balance."""
        statement = self._statement
        days = statement.period
        closing = statement.as_of or days.last
        self._sum(f"Balance at the beginning of {days.first.isoformat()}", self._shown(statement.opening.balance))
        for entry, amount in statement.totals.items():
            self._sum(WORDS[entry], self._shown(amount, sign=_sign(entry)), bold=False)
        self._sum(f"Balance at the end of {closing.isoformat()}", self._shown(statement.closing.balance))
        if self._owes:
            self._sum("Owed to the program at the beginning", self._shown(statement.opening.owed), bold=False)
            self._sum("Owed to the program at the end", self._shown(statement.closing.owed), bold=False)
        self._y += 2
        note = "The balance includes money reserved for payouts under way. Amounts without a sign do not change it."
        self._write(note, size=7, faint=True)
        self._y += 4

    def draw_lines(self) -> None:
        """Every line, under headings that each page repeats."""
        if not self._statement.lines:
            self._write("Nothing moved in this period.", size=9)
            return
        self._headings()
        for line in self._statement.lines:
            self._line(line)

    def _measured(self) -> Sequence[tuple[float, float]]:
        """The left edge and width of each column: figures get what the longest of them needs, details what is left."""
        self._style(8, bold=True)
        figures = [figure for line in self._statement.lines for figure in (_changed(line), _figure(line.balance))]
        widest = self.get_string_width(max([*figures, "Amount INR"], key=len)) + 2 * _GAP
        count = 3 if self._owes else 2
        fixed = _DATE + _WHAT + count * widest
        widths = [_DATE, _WHAT, max(_WIDTH - fixed, _DETAILS_MIN), *[widest] * count]
        return [(_MARGIN + sum(widths[:place]), width) for place, width in enumerate(widths)]

    def _line(self, line: Line) -> None:
        self._style(8)
        date, what, details, *figures = self._columns
        said = self._wrapped(line.reference, line.description, width=details[1])
        words = self._fitted(WORDS[line.entry], what[1], lines=2)
        height = _LEADING * max(len(said), len(words)) + 1.2
        if self._y + height > _BOTTOM:
            self.add_page()
            self._y = _MARGIN
            self._headings()
            self._style(8)
        base = self._y + 3.2
        self.text(date[0], base, line.day.isoformat())
        for place, text in enumerate(words):
            self.text(what[0], base + place * _LEADING, text)
        for place, text in enumerate(said):
            self.text(details[0], base + place * _LEADING, text)
        shown = [_changed(line), _figure(line.balance), _figure(line.owed)]
        for (left, width), text in zip(figures, shown, strict=False):
            self._right(left + width, base, text)
        self._y += height
        self._rule()

    def _headings(self) -> None:
        self._style(8, bold=True)
        self.set_fill_color(*_BAND)
        self.rect(_MARGIN, self._y, _WIDTH, 6, style="F")
        base = self._y + 4.2
        currency = self._statement.currency
        names = ["Date", "What", "Reference and details", f"Amount {currency}", "Balance", "Owed"]
        for place, ((left, width), name) in enumerate(zip(self._columns, names, strict=False)):
            if place < 3:
                self.text(left, base, name)
            else:
                self._right(left + width, base, name)
        self._y += 7

    def _sum(self, label: str, figure: str, *, bold: bool = True) -> None:
        self._style(9, bold=bold)
        base = self._y + 4
        self.text(_MARGIN, base, label)
        self._right(_MARGIN + 120, base, figure)
        self._y += 5.6
        self._rule(width=122)

    def _write(self, text: str, *, size: float, bold: bool = False, faint: bool = False, leading: float = 0) -> None:
        """Some words over the whole width, on as many lines as they need."""
        self._style(size, bold=bold, faint=faint)
        height = leading or size * 0.5
        for line in self._fitting(self._plain(text), _WIDTH):
            self.text(_MARGIN, self._y + height * 0.75, line)
            self._y += height

    def _style(self, size: float, *, bold: bool = False, faint: bool = False) -> None:
        self.set_font(_FAMILY, "B" if bold else "", size)
        self.set_text_color(*(_FAINT if faint else _INK))

    def _rule(self, *, width: float = _WIDTH) -> None:
        self.set_draw_color(*_RULE)
        self.set_line_width(0.1)
        self.line(_MARGIN, self._y, _MARGIN + width, self._y)

    def _right(self, edge: float, base: float, text: str) -> None:
        self.text(edge - self.get_string_width(text), base, text)

    def _wrapped(self, *texts: str, width: float) -> list[str]:
        """Texts, each on lines of its own, with no more of them than a row has room for."""
        found = [line for text in texts if text for line in self._fitted(text, width, lines=_DETAIL_LINES_MAX)]
        return found[:_DETAIL_LINES_MAX]

    def _fitted(self, text: str, width: float, *, lines: int) -> list[str]:
        """A text on so many lines at most; where that is not enough, it ends in three dots."""
        found = self._fitting(self._plain(text), width)
        if len(found) <= lines:
            return found
        return [*found[: lines - 1], f"{found[lines - 1][:-1]}{_CUT}"]

    def _fitting(self, text: str, width: float) -> list[str]:
        """A text on lines of this width, broken between words where there are any, and else anywhere."""
        if self.get_string_width(text) <= width - _GAP:
            return [text]
        return list(self._broken(text, width - _GAP))

    def _broken(self, text: str, width: float) -> Iterator[str]:
        while text:
            end = len(text)
            while self.get_string_width(text[:end]) > width:
                end = max(1, min(end - 1, int(end * width / self.get_string_width(text[:end])) + 1))
            space = text.rfind(" ", 0, end + 1) if end < len(text) else -1
            end = space if space > end // 2 else end
            yield text[:end].rstrip()
            text = text[end:].lstrip()

    def _plain(self, text: str) -> str:
        """A text of characters that the fonts have."""
        return "".join(each if ord(each) in self._known else _REPLACEMENT for each in text)

    def _shown(self, amount: Money, *, sign: str = "") -> str:
        """An amount with its currency's sign, or else its code."""
        symbol = get_currency_symbol(amount.currency, locale="en")
        return f"{sign}{symbol}{' ' if symbol == amount.currency else ''}{_figure(amount)}"


def _owed(statement: Statement) -> Iterator[Money]:
    yield statement.opening.owed
    yield from (line.owed for line in statement.lines)


def _changed(line: Line) -> str:
    if not line.change.minor:
        return _figure(line.amount)
    return f"+{_figure(line.change)}" if line.change.minor > 0 else _figure(line.change)


def _figure(amount: Money) -> str:
    return f"{amount.decimal:,f}".replace("-", _MINUS)


def _sign(entry: Entry) -> str:
    return {+1: "+", -1: _MINUS, 0: ""}[EFFECT[entry]]

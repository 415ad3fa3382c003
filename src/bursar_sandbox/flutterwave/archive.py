"""All transfers, findable by id, reference and batch, and listed newest first."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from bursar_sandbox.flutterwave import rules
from bursar_sandbox.flutterwave.records import Batch, Page, Record


class Archive:
    """Every transfer that was ever taken on, in the order in which they came."""

    def __init__(self) -> None:
        """Begin empty."""
        self.batches: dict[int, list[Record]] = {}
        self._all: list[Record] = []
        self._by_reference: dict[str, Record] = {}
        self._by_code: dict[str, Record] = {}
        self._families: dict[str, list[Record]] = {}  # Retries, by the reference of the original.

    def __len__(self) -> int:
        """How many transfers there are."""
        return len(self._all)

    def since(self, count: int) -> Sequence[Record]:
        """All but the first so many."""
        return self._all[count:]

    def add(self, record: Record, *, batch: Batch | None) -> None:
        """Keep a new transfer."""
        assert record.reference not in self._by_reference, "callers look the reference up first"
        self._all.append(record)
        self._by_reference[record.reference] = record
        self._by_code[record.code] = record
        if batch is not None:
            batch.members.append(record)
        if record.parent is not None:
            self._families.setdefault(rules.base_of(record.parent.record.reference), []).append(record)

    def find(self, number: int) -> Record | None:
        """The transfer with this id; ids are given in sequence."""
        place = number - self._all[0].id if self._all else -1
        return self._all[place] if 0 <= place < len(self._all) else None

    def find_by_code(self, code: str) -> Record | None:
        """The transfer with this id of the fourth version."""
        return self._by_code.get(code)

    def find_by_reference(self, reference: str) -> Record | None:
        """The transfer under this reference, if there ever was one."""
        return self._by_reference.get(reference)

    def retries(self, record: Record) -> Sequence[Record]:
        """The retries of a transfer, oldest first; a retry's own are those of its original."""
        return self._families.get(rules.base_of(record.reference), ())

    def page(
        self,
        *,
        number: int,
        size: int,
        batch_id: int | None = None,
        reference: str | None = None,
        status: str | None = None,
        days: tuple[date | None, date | None] = (None, None),
    ) -> Page:
        """One page of those that fit, newest first. Without a status it costs about the same at any size.

        ``days`` are the first and the last day, in UTC, of those that are wanted.
        """
        chosen: Sequence[Record] = self._all
        if reference is not None:
            found = self._by_reference.get(reference)
            chosen = [found] if found and batch_id in {None, found.batch_id} else []
        elif batch_id is not None:
            chosen = self.batches.get(batch_id, ())
        chosen = _made_on(chosen, *days)
        if status is not None:
            chosen = [record for record in chosen if record.state == status]
        end = len(chosen) - (number - 1) * size
        return Page(list(chosen[max(0, end - size) : max(0, end)])[::-1], len(chosen), number, size)


def _made_on(records: Sequence[Record], first: date | None, last: date | None) -> Sequence[Record]:
    """Those that were made on these days, out of records in the order in which they came."""
    start = 0 if first is None else bisect_left(records, _midnight_ms(first), key=_made_ms)
    end = len(records) if last is None else bisect_left(records, _midnight_ms(last + timedelta(days=1)), key=_made_ms)
    return records if (start, end) == (0, len(records)) else records[start:end]


def _made_ms(record: Record) -> int:
    return record.created_ms


def _midnight_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)

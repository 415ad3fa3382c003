"""Which room owns which table, as the section headings of the migrations say.

A heading is a room's name, with a part of it after a colon where it has several: ``-- outbound: webhooks ------``.
"""

import re
from functools import lru_cache

from house_rules.source import ROOT

_HEADING = re.compile(r"^-- (?P<room>[^:-]+)(?::.*)? -{10,}$")
_CREATED = re.compile(
    r"CREATE (?:UNLOGGED |OR REPLACE |MATERIALIZED )?(?:TABLE|VIEW) (?:IF NOT EXISTS )?(?P<table>\w+)"
)


@lru_cache
def owners() -> dict[str, str]:
    """Every table and view of the migrations, with the room that owns it."""
    owned: dict[str, str] = {}
    for path in sorted((ROOT / "migrations/sql").glob("*.sql")):
        for table, room in tables(path.read_text("utf-8")):
            is_room = room and (ROOT / "src/bursar" / room).is_dir()
            assert is_room, (
                f"{path.name}: {table} stands under `{room}`; a section's heading is its room: `-- payouts --`"
            )
            assert owned.setdefault(table, room) == room, f"{path.name}: both {room} and {owned[table]} own {table}"
    return owned


def tables(sql: str) -> list[tuple[str, str]]:
    """Each table that a script creates, with the room whose heading it stands under."""
    found: list[tuple[str, str]] = []
    room = ""
    for line in sql.splitlines():
        if heading := _HEADING.match(line):
            room = heading["room"]
        elif created := _CREATED.match(line):
            found.append((created["table"], room))
    return found

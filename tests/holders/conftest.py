"""Programs to register holders in."""

import pytest

from bursar.foundation.db import Database


@pytest.fixture(autouse=True)
async def programs_there(database: Database) -> None:
    """Two programs, as far as holders care: their names."""
    async with database.transaction() as tx:
        await tx.run("INSERT INTO programs (program, current_version) VALUES ('merchants', 1), ('writers', 1)")
        await tx.run(
            "INSERT INTO program_versions (program, version, source, terms, applied_by)"
            " SELECT program, 1, '', '{}', 'system:test' FROM programs"
        )

"""One database for all tests of the foundation: each of them makes what it needs and minds no other's rows."""

from collections.abc import Iterator

import pytest

from ground import own_database


@pytest.fixture(scope="session")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database that these tests share."""
    with own_database(server_url, template) as url:
        yield url

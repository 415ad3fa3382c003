"""The ``bursar`` command: hands the command line what stands above it, which it may not import itself.

Everything is imported where it is used, so that a command loads only what it needs.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from bursar import cli

if TYPE_CHECKING:
    from bursar.foundation.crypto import Keyring
    from bursar.foundation.settings import Settings
    from bursar.gateways import Gateway


def main() -> None:
    """Run the command that was typed."""
    cli.run(roof())


def roof() -> cli.Roof:
    """What the command line is handed from above."""
    return cli.Roof(settle=_settle, keyring=_keyring, gateways=_gateways, sandbox=_sandbox, web=_web, worker=_worker)


def _settle(settings: "Settings") -> "Settings":
    from bursar import bootstrap

    return bootstrap.settle(settings)


def _keyring(settings: "Settings") -> "Keyring":
    from bursar import bootstrap

    return bootstrap.keyring(settings)


@asynccontextmanager
async def _gateways(settings: "Settings") -> "AsyncIterator[Mapping[str, Gateway]]":
    from bursar import bootstrap

    async with bootstrap.gateways_of(settings) as installed:
        yield installed


@asynccontextmanager
async def _sandbox(settings: "Settings", *, reports_to: str) -> "AsyncIterator[Settings]":
    from bursar import playground

    async with playground.sandbox(settings, reports_to=reports_to) as connected:
        yield connected


def _web() -> ModuleType:
    from bursar import web

    return web


def _worker() -> ModuleType:
    from bursar import worker

    return worker


if __name__ == "__main__":
    main()

"""What tests of the command line stand on: the whole command, and an installation with a merchant who has money."""

import asyncio
import json
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from click.testing import Result
from typer.testing import CliRunner

from bursar import cli
from bursar.__main__ import roof
from bursar.foundation import db
from bursar.foundation.settings import Settings

KEY = "k" * 32
PASSWORD = "correct horse battery"

SOON = 40.0  # Seconds; what should take two may take long on a machine with other work.

T = TypeVar("T")


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    command = ["pgrep", "-P", str(pid)]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    return [int(line) for line in listing.stdout.split()]


def lives(pid: int) -> bool:
    """Whether a process is there and has not ended; one that nobody has buried yet does not live."""
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    return bool(shown.stdout.strip()) and not shown.stdout.strip().startswith("Z")


def gone(pids: Iterable[int]) -> bool:
    """Whether all of these end, soon."""
    until = time.monotonic() + SOON
    while any(map(lives, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@dataclass(frozen=True)
class Bursar:
    """The command ``bursar``, on one database."""

    database_url: str

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this installation finds around it."""
        return {"DATABASE_URL": self.database_url, "ENCRYPTION_KEY": KEY, "COLUMNS": "300", "ENABLE_WORKERS": "false"}

    def __call__(self, *args: str, given: str | None = None) -> Result:
        """Run a command as somebody at a keyboard would."""
        return CliRunner().invoke(cli.command(), args, input=given, env=self.environment, obj=roof())

    def json(self, *args: str, given: str | None = None, code: int = 0) -> Any:
        """Run a command with ``--json``; what it printed, which is JSON and nothing else."""
        result = self(*args, "--json", given=given)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def said(self, *args: str, given: str | None = None) -> str:
        """Run a command; what it printed."""
        result = self(*args, given=given)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *args: str, given: str | None = None) -> str:
        """Run a command that is refused; what it said."""
        result = self(*args, given=given)
        assert result.exit_code == 1, result.output
        assert result.stdout == "", "a refusal is no result"
        return result.stderr

    def directly(self, work: Callable[[db.Database], Awaitable[T]]) -> T:
        """Do something to the installation that no command does."""

        async def main() -> T:
            database = await db.connect(Settings(database_url=self.database_url, _env_file=None))
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(main())

    # ---- What many tests begin with ---------------------------------------------------------------------------------

    def settle_in(self) -> None:
        """Apply the merchants' program, and let a merchant have a million."""
        self.said("programs", "apply", "merchants")
        self.said("holders", "add", "acme", "--program", "merchants", "--kind", "merchant", "--name", "Acme")
        self.credit("1000000", reference="first funds")

    def credit(self, amount: str, *, reference: str) -> Any:
        """Fund the merchant."""
        of = ("--program", "merchants", "--holder", "acme")
        return self.json("ledger", "credit", *of, "--amount", amount, "--reference", reference)

    def ask(self, amount: str = "1000", *, reference: str = "inv-1", account: str = "1234500001", **more: str) -> Any:
        """Ask for a payout."""
        options = [text for name, value in more.items() for text in (f"--{name.rstrip('_')}", value)]
        of = ("--program", "merchants", "--holder", "acme", "--bank", "HBL", "--title", "Test User")
        wanted = ("--amount", amount, "--reference", reference, "--account", account)
        return self.json("payouts", "create", *of, *wanted, *options)

    def employ(self, email: str, role: str = "Manager") -> None:
        """Let somebody sign in."""
        options = ("--name", email.partition("@")[0], "--role", role, "--password-stdin")
        self.said("people", "add", email, *options, given=f"{PASSWORD}\n")

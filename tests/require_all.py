"""Under ``BURSAR_REQUIRE_ALL=1`` a skipped test is a failed one: on a build machine everything there is must run.

On a developer's machine a test may skip itself for want of a program. Here that would be a hole nobody sees.
Loaded by ``tests/conftest.py``; tests that a marker deselects are not skipped but left out, and so not meant.
"""

import os
from collections.abc import Generator

import pytest

REQUIRED = os.environ.get("BURSAR_REQUIRE_ALL") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a test that skipped itself into a failure; an expected failure stays what it is."""
    report = yield
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module that skipped itself into a failure."""
    report = yield
    if REQUIRED and report.skipped:
        _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid} was skipped, and BURSAR_REQUIRE_ALL forbids that: {why}"

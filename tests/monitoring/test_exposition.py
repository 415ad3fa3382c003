"""What Prometheus reads: right, about nobody in particular, and everything that the dashboard and the rules ask for."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from monitoring_house import NUMBER, Books
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from bursar import monitoring
from bursar.foundation.db import Database
from bursar.foundation.pulse import Pulse
from bursar.monitoring import tallies
from bursar.monitoring.exposition import Requests, expose

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
LABELS: Final = frozenset(
    {"program", "currency", "state", "verb", "le", "gateway", "scope", "type", "severity", "kind", "host", "pid",
     "outcome", "version", "method", "route", "status"}
)  # fmt: skip
"""Labels that are about no holder, payee or payout, and of which there are few values."""
NAMED: Final = re.compile(r"\bbursar_\w+")


async def told(database: Database, requests: Requests | None = None) -> dict[str, Metric]:
    """Every family that is exposed, by its name."""
    async with database.transaction() as tx:
        await tallies.read_on(tx)
    async with database.transaction(readonly=True) as tx:
        text = await expose(tx, gateways=["mockbank"], pulse=Pulse(), pools=[database], requests=requests)
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def values(family: Metric, **labels: str) -> dict[str, float]:
    """The values of the series that have these labels, by the sample's name."""
    return {sample.name: sample.value for sample in family.samples if labels.items() <= sample.labels.items()}


async def test_payouts_stand_where_they_stand(books: Books) -> None:
    await books.ask("1000.00")
    await books.cancel(await books.ask("2.50"))
    families = await told(books.database)
    where = {"program": "merchants", "currency": "PKR"}
    assert values(families["bursar_payouts"], **where, state="approved") == {"bursar_payouts": 1}
    assert values(families["bursar_payouts_minor_units"], **where, state="cancelled") == {
        "bursar_payouts_minor_units": 250
    }
    assert values(families["bursar_payout_moves"], **where, verb="request")["bursar_payout_moves_total"] == 2
    assert (
        values(families["bursar_payout_duration_seconds"], verb="cancel")["bursar_payout_duration_seconds_count"] == 1
    )


async def test_durations_are_a_histogram(books: Books) -> None:
    await books.cancel(await books.ask())
    family = (await told(books.database))["bursar_payout_duration_seconds"]
    buckets = [sample.value for sample in family.samples if sample.name.endswith("_bucket")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 1


async def test_a_request_is_counted_by_its_route_and_never_by_its_address(database: Database) -> None:
    requests = Requests()
    requests.answered("GET", "/api/v1/payouts/{payout_id}", status=200, seconds=0.02)
    requests.answered("BREW", None, status=404, seconds=0.02)
    family = (await told(database, requests))["bursar_http_requests"]
    assert values(family, route="/api/v1/payouts/{payout_id}", status="200")["bursar_http_requests_total"] == 1
    assert values(family, method="OTHER", route="unmatched", status="404")["bursar_http_requests_total"] == 1


async def test_no_series_is_about_anybody(books: Books) -> None:
    payout = await books.ask()
    requests = Requests()
    requests.answered("GET", "/api/v1/payouts/{payout_id}", status=200, seconds=0.02)
    families = (await told(books.database, requests)).values()
    found = {label for family in families for sample in family.samples for label in sample.labels}
    assert found <= LABELS
    shown = {value for family in families for sample in family.samples for value in sample.labels.values()}
    assert not shown & {NUMBER, str(payout.id), str(books.merchant), "acme"}


async def test_a_look_costs_the_same_however_many_payouts_there_are(books: Books) -> None:
    for _ in range(3):
        await books.ask("1.00")
    few = await told(books.database)
    for _ in range(20):
        await books.ask("1.00")
    many = await told(books.database)
    assert {name: len(f.samples) for name, f in few.items()} == {name: len(f.samples) for name, f in many.items()}


def dashboard() -> Iterator[str]:
    """Every expression on the dashboard."""
    whole = json.loads((DEPLOY / "grafana/bursar.json").read_text("utf-8"))
    yield from (target["expr"] for panel in whole["panels"] for target in panel.get("targets", []))
    yield from (variable["query"] for variable in whole["templating"]["list"])


def rules() -> list[Any]:
    """Every alert rule."""
    whole = yaml.safe_load((DEPLOY / "prometheus/bursar-alerts.yml").read_text("utf-8"))
    return [rule for group in whole["groups"] for rule in group["rules"]]


async def exposed(books: Books) -> set[str]:
    """The names of every series there may be, samples or not."""
    requests = Requests()
    families = await told(books.database, requests)
    kinds = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    return {f"{name}{end}" for name, family in families.items() for end in kinds.get(family.type, [""])}


@pytest.mark.parametrize("place", ["dashboard", "rules"])
async def test_every_series_that_is_asked_for_exists(place: str, books: Books) -> None:
    asked = list(dashboard()) if place == "dashboard" else [rule["expr"] for rule in rules()]
    named = {name for expression in asked for name in NAMED.findall(expression)}
    assert named
    assert named - await exposed(books) == set()


def test_every_rule_says_how_bad_it_is_and_what_it_means() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {severity.value for severity in monitoring.alerts.Severity}
        assert rule["annotations"]["summary"].endswith((".", "}}"))


def test_every_rule_is_explained() -> None:
    explained = (DEPLOY.parent / "docs/observability.md").read_text("utf-8")
    assert {rule["alert"] for rule in rules()} <= set(re.findall(r"`(Bursar\w+)`", explained))

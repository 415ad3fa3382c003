"""Switches strike as often as they were told to, and again the same when a run is replayed."""

import json

import msgspec
import pytest

from bursar_sandbox.faults import CALL_FAULTS, Call, Fault, Faults, Switch


def faults_with(seed: int = 1, **switches: object) -> Faults:
    faults = Faults(seed=seed)
    faults.set(json.dumps(switches).encode())
    return faults


def strikes(faults: Faults, *, calls: int = 100) -> list[Fault | None]:
    return [faults.strike(Call.TRANSFER) for _ in range(calls)]


def test_nothing_strikes_unless_told() -> None:
    assert set(strikes(Faults(seed=1))) == {None}


def test_a_count_strikes_exactly_that_often_and_at_once() -> None:
    faults = faults_with(error_before_accept={"next": 3})
    assert strikes(faults, calls=5) == [Fault.ERROR_BEFORE_ACCEPT] * 3 + [None] * 2


def test_the_same_seed_gives_the_same_strikes_and_another_does_not() -> None:
    first, again, other = (faults_with(seed, empty_answer={"rate": 0.5}) for seed in (7, 7, 8))
    struck = strikes(first)
    assert strikes(again) == struck
    assert strikes(other) != struck
    assert 30 < struck.count(Fault.EMPTY_ANSWER) < 70


def test_one_more_switch_does_not_shift_when_another_strikes() -> None:
    alone, both = faults_with(drop_webhooks={"rate": 0.5}), faults_with(drop_webhooks={"rate": 0.5}, trickle=True)
    expected = [alone.fires(Fault.DROP_WEBHOOKS) for _ in range(50)]
    strikes(both)
    assert [both.fires(Fault.DROP_WEBHOOKS) for _ in range(50)] == expected


def test_true_means_always_and_false_never() -> None:
    faults = faults_with(down=True)
    assert set(strikes(faults)) == {Fault.DOWN}
    faults.set(b'{"down": false}')
    assert set(strikes(faults)) == {None}


def test_a_switch_strikes_transfers_unless_told_otherwise() -> None:
    assert faults_with(empty_answer={"rate": 1}).strike(Call.READ) is None
    on_reads = faults_with(empty_answer={"rate": 1, "on": "reads"})
    assert on_reads.strike(Call.READ) is Fault.EMPTY_ANSWER
    assert on_reads.strike(Call.TRANSFER) is None
    on_all = faults_with(empty_answer={"rate": 1, "on": "all"})
    assert {on_all.strike(call) for call in Call} == {Fault.EMPTY_ANSWER}


def test_down_strikes_every_kind_of_call() -> None:
    assert {faults_with(down={"rate": 1}).strike(call) for call in Call} == {Fault.DOWN}


def test_a_partial_batch_waits_for_a_batch() -> None:
    faults = faults_with(partial_batch={"next": 1})
    assert faults.strike(Call.TRANSFER) is None
    assert faults.strike(Call.BULK) is Fault.PARTIAL_BATCH


@pytest.mark.parametrize("count", range(1, 9))
def test_a_part_of_a_batch_is_never_all_of_it(count: int) -> None:
    faults = Faults(seed=count)
    part = faults.some_of(range(count))
    assert len(part) < count
    assert len(part) >= min(1, count - 1)
    assert part == sorted(part)


@pytest.mark.parametrize(
    "body",
    [
        {"no_such_switch": True},
        {"trickle": {"rate": 1.5}},
        {"trickle": {"next": -1}},
        {"trickle": {"often": 1}},
        {"trickle": {"rate": 1, "on": "mondays"}},
        {"latency_ms": -1},
        {"latency_ms": 5, "hang_seconds": 1e9},
    ],
)
def test_a_wrong_switch_changes_nothing(body: dict[str, object]) -> None:
    faults = Faults(seed=1)
    before = faults.shown()
    with pytest.raises(msgspec.ValidationError):
        faults.set(json.dumps({"down": True, "trickle_ms": 7, **body}).encode())
    assert faults.shown() == before


def test_what_is_not_named_stays_as_it_is() -> None:
    faults = faults_with(latency_ms=5, trickle={"rate": 0.25})
    faults.set(b'{"trickle_ms": 1, "down": {"next": 2}}')
    shown = faults.shown()
    assert (shown["latency_ms"], shown["trickle_ms"]) == (5, 1)
    assert shown["trickle"] == Switch(rate=0.25)
    assert shown["down"] == Switch(next=2, on="all")


def test_a_reset_returns_to_the_beginning() -> None:
    faults = Faults(seed=3, latency_ms=20)
    faults.set(b'{"latency_ms": 0, "empty_answer": {"rate": 0.5}}')
    struck = strikes(faults)
    faults.reset()
    assert faults.shown() == Faults(seed=3, latency_ms=20).shown()
    faults.set(b'{"empty_answer": {"rate": 0.5}}')
    assert strikes(faults) == struck


def test_strikes_are_counted() -> None:
    faults = faults_with(rate_limit={"next": 2})
    strikes(faults)
    assert faults.shown()["struck"] == {"rate_limit": 2}


def test_latency_stays_within_its_jitter() -> None:
    faults = faults_with(latency_ms=100, latency_jitter_ms=50)
    drawn = {faults.latency_s() for _ in range(50)}
    assert len(drawn) > 1
    assert all(0.1 <= latency <= 0.15 for latency in drawn)


def test_webhook_faults_never_decide_about_a_call() -> None:
    faults = faults_with(**{fault.value: True for fault in Fault if fault not in CALL_FAULTS})
    assert set(strikes(faults)) == {None}

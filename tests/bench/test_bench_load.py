"""What the load consists of."""

import json

from bench import ground, load

MERCHANTS = [ground.Merchant("h1", "live_one"), ground.Merchant("h2", "live_two")]


def test_no_idempotency_key_comes_twice_and_every_merchant_has_a_turn() -> None:
    heads = [
        request.partition(b"\r\n\r\n")[0] for seed in (0, 1) for request in load.render(MERCHANTS, count=50, seed=seed)
    ]
    keys = [head.partition(b"X-IDEMPOTENCY-KEY: ")[2][:36] for head in heads]
    assert len(set(keys)) == 100
    assert {b"live_one" in head for head in heads} == {True, False}


def test_each_request_says_how_long_its_body_is() -> None:
    for request in load.render(MERCHANTS, count=20, seed=0):
        head, _, body = request.partition(b"\r\n\r\n")
        assert head.endswith(b"Content-Length: %d" % len(body))
        assert json.loads(body)["currency"] == "PKR"


def test_a_file_has_the_rows_it_was_asked_for() -> None:
    merchant, content = load.file(MERCHANTS[0], rows=7, seed=0)
    assert merchant is MERCHANTS[0]
    assert len(json.loads(content)) == 7

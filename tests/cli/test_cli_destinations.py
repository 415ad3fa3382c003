"""``bursar destinations`` and ``bursar gateways reset``, as somebody at a keyboard uses them."""

import pytest
from cli_house import Bursar

ACCOUNT = "acct_1Nv0FGQ9RKHgCVdK"


@pytest.fixture
def writers(house: Bursar) -> Bursar:
    """The command on an installation with one writer."""
    house.said("programs", "apply", "writers")
    house.said("holders", "add", "anna", "--program", "writers", "--kind", "writer", "--name", "Anna Khan")
    return house


def test_an_account_is_added_shown_shortened_and_removed(writers: Bursar) -> None:
    of = ("anna", "--program", "writers")
    [added] = writers.json("destinations", "add", *of, "--account", ACCOUNT)
    assert (added["account"], added["title"], added["is_default"]) == ("****CVdK", "Anna Khan", True)
    assert writers.json("holders", "destinations", *of) == [added]
    assert ACCOUNT not in writers.said("holders", "destinations", *of)
    assert "Removed." in writers.said("destinations", "remove", "anna", added["id"], "--program", "writers")
    assert "destination_not_found" in writers.refused(
        "destinations", "remove", "anna", added["id"], "--program", "writers"
    )
    assert writers.json("holders", "destinations", *of) == []


def test_the_next_one_waits_for_its_cool_off_and_may_be_the_default(writers: Bursar) -> None:
    of = ("anna", "--program", "writers")
    writers.said("destinations", "add", *of, "--account", ACCOUNT)
    [second] = writers.json(
        "destinations", "add", *of, "--account", "acct_2Nv0FGQ9RKHgCVdL", "--title", "A", "--default"
    )
    assert second["usable_at"] > second["added_at"]
    assert [one["is_default"] for one in writers.json("holders", "destinations", *of)] == [True, False]


def test_a_upi_address_is_added_and_shown_without_most_of_its_name(house: Bursar) -> None:
    house.said("programs", "apply", "marketplace")
    house.said("holders", "add", "anna", "--program", "marketplace", "--kind", "seller", "--name", "Anna Khan")
    of = ("anna", "--program", "marketplace")
    [added] = house.json("destinations", "add", *of, "--upi", "Anna.Khan@OKaxis")
    assert (added["bank"], added["account"], added["title"]) == ("okaxis", "an****@okaxis", "Anna Khan")
    assert "anna.khan" not in house.said("holders", "destinations", *of)
    assert "a UPI address such as name@bank" in house.refused("destinations", "add", *of, "--upi", "anna")


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["--account", ACCOUNT, "--upi", "anna@okaxis"],
        ["--upi", "anna@okaxis", "--number", "1"],
        ["--account", ACCOUNT, "--bank", "044", "--number", "1"],
        ["--bank", "044"],
        ["--number", "0690000031"],
    ],
)
def test_one_kind_of_account_is_named_whole(writers: Bursar, given: list[str]) -> None:
    result = writers("destinations", "add", "anna", "--program", "writers", *given)
    assert result.exit_code == 2


@pytest.mark.parametrize("given", [["--account", "acct_1"], ["--bank", "044", "--number", "0690000031"]])
def test_what_the_program_does_not_pay_to_is_refused(writers: Bursar, given: list[str]) -> None:
    assert "destination" in writers.refused("destinations", "add", "anna", "--program", "writers", *given)


def test_a_gateway_is_used_again(shop: Bursar) -> None:
    assert "It was in use." in shop.said("gateways", "reset", "mockbank")
    assert shop.json("gateways", "reset", "mockbank") == {"gateway": "mockbank", "reset": False}
    assert "no such gateway" in shop.refused("gateways", "reset", "nowhere")

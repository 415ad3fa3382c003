"""Why an order is not created, or does not do what was asked.

Refusal
├── NotOrdered             a field breaks a rule: program, seller, price, fee
├── NotRecruited           who was named cannot recruit, or be recruited
├── OrderReferenceReused   the platform's name stands for another order already
├── EarnedBefore           somebody credited its price by hand
├── NoSuchOrder            not there, or not this caller's
├── WrongOrderState        not from where it stands
└── SellersDoNotComplete   the program's terms leave that to the platform
"""

from uuid import UUID

from bursar.foundation.errors import Conflict, Forbidden, Invalid, Missing


class NotOrdered(Invalid):
    """This cannot be ordered."""

    code = "order_not_created"


class NotRecruited(Invalid):
    """Nobody is recruited so."""

    code = "not_recruited"


class OrderReferenceReused(Conflict):
    """This reference stands for an order with other content."""

    code = "order_reference_reused"

    def __init__(self, reference: str, *, order_id: UUID) -> None:
        """Refuse, naming the reference and the order that it stands for."""
        super().__init__(
            f"The reference {reference!r} stands for the order {order_id} with other content.",
            field="reference",
            rule="one that was not used for anything else",
            reference=reference,
            order=str(order_id),
        )


class EarnedBefore(Conflict):
    """The price of this order was credited before, and not by completing it."""

    code = "order_earned_before"

    def __init__(self, *, earning_id: UUID) -> None:
        """Refuse, naming the earning."""
        super().__init__(earning=str(earning_id))


class NoSuchOrder(Missing):
    """There is no such order."""

    code = "order_not_found"


class WrongOrderState(Conflict):
    """The order is not in a state that allows this."""

    code = "wrong_order_state"

    def __init__(self, *, verb: str, state: str, allowed_from: list[str]) -> None:
        """Refuse a verb, naming where the order stands and from where the verb is allowed."""
        super().__init__(
            f"An order that is {state} cannot {verb}; that is possible from: {', '.join(allowed_from)}.",
            verb=verb,
            state=state,
            allowed_from=allowed_from,
        )


class SellersDoNotComplete(Forbidden):
    """In this program the platform completes orders, not their sellers."""

    code = "sellers_do_not_complete"

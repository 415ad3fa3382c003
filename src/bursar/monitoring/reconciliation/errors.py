"""Why something is not compared, or not corrected.

Refusal
├── AlreadyComparing    somebody compares the same just now
├── CannotCompare       the gateway has no list of its payments
├── StatementReadBefore this very file was compared before
├── UnreadableStatement the file is not what it is said to be
├── NoSuchComparison    there is none of this id
├── NoSuchItem          there is none of this id
├── ItemClosed          it is over, so nothing is to be corrected
├── NotForThisItem      this correction makes no sense of such an item
├── CorrectionWaits     somebody has proposed one already
└── NoSuchCorrection    there is none of this id
"""

from bursar.foundation.errors import Conflict, Invalid, Missing


class AlreadyComparing(Conflict):
    """The same is being compared at this moment."""

    code = "already_comparing"


class CannotCompare(Invalid):
    """This gateway has no list of its payments; compare a statement's file instead."""

    code = "gateway_has_no_list"


class StatementReadBefore(Conflict):
    """This very file was compared before."""

    code = "statement_read_before"


class UnreadableStatement(Invalid):
    """The statement cannot be read."""

    code = "unreadable_statement"


class NoSuchComparison(Missing):
    """There is no such comparison."""

    code = "comparison_not_found"


class NoSuchItem(Missing):
    """There is no such reconciliation item."""

    code = "item_not_found"


class ItemClosed(Conflict):
    """This item is closed; there is nothing left to correct."""

    code = "item_closed"


class NotForThisItem(Invalid):
    """This correction is not possible for this item."""

    code = "correction_not_possible"


class CorrectionWaits(Conflict):
    """A correction of this item waits for a second person already."""

    code = "correction_waits"


class NoSuchCorrection(Missing):
    """There is no such correction."""

    code = "correction_not_found"

"""Payouts: promises to pay one holder's money to one destination, and the life of each.

The life is one table (``LIFECYCLE``) and one function walks it (``advance``): state, money, history and event move
together or not at all, for a whole batch. Nothing outside this room writes a payout's state.
"""

from bursar.payouts.advance import advance
from bursar.payouts.decide import approve, cancel, reject, retry
from bursar.payouts.errors import DestinationAltered, NoSuchPayout, NotAllowed, OwnInterest, UploadedBefore, WrongState
from bursar.payouts.feeds import AUDITED_COLUMNS, audit_feed, audit_position, audited_between, feed
from bursar.payouts.judging.again import judge_again
from bursar.payouts.judging.backtest import Backtest, Difference, Span, Tally, replay
from bursar.payouts.judging.news import judge_news, tell_reviewers
from bursar.payouts.look import PAGE_MAX, count_by_state, count_waiting, get, get_many, history, holder_events, page
from bursar.payouts.model import (
    LIFECYCLE,
    MOVES,
    NEVER,
    RESTING,
    Ask,
    Effect,
    Move,
    Moved,
    Payout,
    PayoutState,
    Query,
    Step,
    Upload,
    approved_due,
    can,
    digest,
    next_state,
)
from bursar.payouts.request import Desk, check, request
from bursar.payouts.reseal import reseal
from bursar.payouts.uploads import begin_upload, finish_upload
from bursar.payouts.waiting import (
    end_waits,
    hand_over,
    hold,
    hurry,
    measure_due,
    on_their_way,
    open_destination,
    seconds_to_next,
    take_waiting,
    wait_longer,
    wait_until,
    with_due,
)

__all__ = [
    "AUDITED_COLUMNS",
    "LIFECYCLE",
    "MOVES",
    "NEVER",
    "PAGE_MAX",
    "RESTING",
    "Ask",
    "Backtest",
    "Desk",
    "DestinationAltered",
    "Difference",
    "Effect",
    "Move",
    "Moved",
    "NoSuchPayout",
    "NotAllowed",
    "OwnInterest",
    "Payout",
    "PayoutState",
    "Query",
    "Span",
    "Step",
    "Tally",
    "Upload",
    "UploadedBefore",
    "WrongState",
    "advance",
    "approve",
    "approved_due",
    "audit_feed",
    "audit_position",
    "audited_between",
    "begin_upload",
    "can",
    "cancel",
    "check",
    "count_by_state",
    "count_waiting",
    "digest",
    "end_waits",
    "feed",
    "finish_upload",
    "get",
    "get_many",
    "hand_over",
    "history",
    "hold",
    "holder_events",
    "hurry",
    "judge_again",
    "judge_news",
    "measure_due",
    "next_state",
    "on_their_way",
    "open_destination",
    "page",
    "reject",
    "replay",
    "request",
    "reseal",
    "retry",
    "seconds_to_next",
    "take_waiting",
    "tell_reviewers",
    "wait_longer",
    "wait_until",
    "with_due",
]

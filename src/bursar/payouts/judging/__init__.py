"""Judging payouts by their programs' terms: when they are asked for, again when terms change, and as an experiment."""

from bursar.payouts.judging.facts import Seen
from bursar.payouts.judging.judge import insist_on_amount, insist_on_terms, judge

__all__ = ["Seen", "insist_on_amount", "insist_on_terms", "judge"]

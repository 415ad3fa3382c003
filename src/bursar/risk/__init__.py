"""Risk: facts in, findings out. Pure; knows nothing of databases, and of payouts only what it is told.

A rule is asked where a program's terms set its threshold. It looks at the facts and says what it finds, also that
nothing is wrong. All findings are kept with their facts, so that a reviewer can be told why; the strongest of them is
the verdict, and the terms say from which strength on people look.
"""

from bursar.risk.model import Denied, Facts, Finding, Level, Owner, Pace, Past, Target, Verdict
from bursar.risk.names import name_score
from bursar.risk.rules import RULES, Rule, asked, screen

__all__ = [
    "RULES",
    "Denied",
    "Facts",
    "Finding",
    "Level",
    "Owner",
    "Pace",
    "Past",
    "Rule",
    "Target",
    "Verdict",
    "asked",
    "name_score",
    "screen",
]

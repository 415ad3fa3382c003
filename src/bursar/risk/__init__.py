"""Risk: facts in, findings out. Pure; knows nothing of databases, payouts or programs.

A rule looks at the facts and says what it finds, or nothing. All findings are kept with their facts, so that a reviewer
can be told why; the strongest of them is the verdict.
"""

from bursar.risk.model import RULES, Facts, Finding, Level, Rule, Verdict, screen

__all__ = ["RULES", "Facts", "Finding", "Level", "Rule", "Verdict", "screen"]

"""Statements: what a holder had, got and was paid in a year or a month, for themselves and for whoever taxes them.

The room promises that a statement is the ledger's, in the holder's words: each line is one transfer, the opening
balance is what all transfers before come to, and the closing balance is what the next period opens with. A period that
is over gives the same statement for ever, to the byte, as long as its program's year and time zone stay as they are.
"""

from bursar.outbound.statements.errors import NoSuchPeriod, StatementTooLong
from bursar.outbound.statements.forms import COLUMNS, to_csv, to_pdf
from bursar.outbound.statements.look import LINES_MAX, overview, statement
from bursar.outbound.statements.model import WORDS, Entry, Line, Overview, Standing, Statement
from bursar.outbound.statements.periods import Period

__all__ = [
    "COLUMNS",
    "LINES_MAX",
    "WORDS",
    "Entry",
    "Line",
    "NoSuchPeriod",
    "Overview",
    "Period",
    "Standing",
    "Statement",
    "StatementTooLong",
    "overview",
    "statement",
    "to_csv",
    "to_pdf",
]

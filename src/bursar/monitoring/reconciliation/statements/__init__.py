"""Statements: files in which a gateway or a bank says what it did, read as a stream; nothing is fetched or run."""

from bursar.monitoring.reconciliation.statements.actions import Format, compare_statement
from bursar.monitoring.reconciliation.statements.table import Columns

__all__ = ["Columns", "Format", "compare_statement"]

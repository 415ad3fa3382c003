"""A holder's transfers by period: what statements are made of, read at one moment so that figures agree."""

from bursar.ledger.periods.look import by_month, extract
from bursar.ledger.periods.model import Extract, Month, Recorded

__all__ = ["Extract", "Month", "Recorded", "by_month", "extract"]

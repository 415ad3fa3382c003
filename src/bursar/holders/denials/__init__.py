"""The denied list: holders, names and destinations whose payouts are held until somebody has looked."""

from bursar.holders.denials.actions import allow, denied, denied_about, denied_since, deny, reseal_denied
from bursar.holders.denials.model import Denial, NewDenial

__all__ = ["Denial", "NewDenial", "allow", "denied", "denied_about", "denied_since", "deny", "reseal_denied"]

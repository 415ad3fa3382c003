"""The ground floor: what every room stands on, and nothing that knows about payouts.

Unlike a room, the foundation has no single front door. Its modules are imported by name
(``from bursar.foundation import db, money``), and each of them promises one thing.
"""

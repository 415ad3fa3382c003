"""What goes wrong with the embedded PostgreSQL."""


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be prepared, started, found or stopped; the message says what to do."""

"""Which program a platform's request is about."""

from bursar import identity
from bursar.api.entry import PlatformRequest
from bursar.foundation.errors import Invalid


def program(request: PlatformRequest, named: str | None) -> str | None:
    """A key's own program, or the one that staff named, if they did.

    Raises:
        Invalid: a key named another one than its own.
    """
    if isinstance(request.user, identity.Person):
        return named
    own = request.user.program
    if named not in {None, own}:
        raise Invalid(field="program", rule=f"{own}, which this key is for", given=named)
    return own

"""Which program, and whose holder, a platform's request is about."""

from bursar import holders, identity
from bursar.api.entry import PlatformRequest
from bursar.foundation import ids
from bursar.foundation.db import Transaction
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


async def holder(tx: Transaction, request: PlatformRequest, given: str) -> holders.Holder:
    """A holder by the id as it was sent; with a key, only one of its program.

    Raises:
        NoSuchHolder: there is none, or it is another program's; a key cannot tell which.
    """
    wanted = ids.parse(given)
    found = (await holders.find(tx, [wanted])).get(wanted) if wanted else None
    if found is None or program(request, None) not in {None, found.program}:
        raise holders.NoSuchHolder
    return found

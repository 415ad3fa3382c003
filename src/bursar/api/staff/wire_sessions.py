"""What whoever signs in sends and gets."""

from typing import Annotated

import msgspec

from bursar.api.staff.wire import PersonView


class SignInBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who wants to sign in."""

    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254, examples=["amina@example.com"])]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256, examples=["correct horse battery"])]


class SignedInView(msgspec.Struct, rename="camel"):
    """A session just begun. The token is shown this once."""

    token: str
    expires_at: str
    csrf_token: Annotated[
        str,
        msgspec.Meta(description="To be sent as `X-CSRF-TOKEN` with every change, where the cookie is what lets in."),
    ]
    person: PersonView

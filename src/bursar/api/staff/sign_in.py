"""Signing in and out. The token comes in the answer, for programs, and in a cookie, for pages."""

from litestar import Response, Router, get, post
from litestar.datastructures import State

from bursar import identity
from bursar.api import reading, sessions
from bursar.api.entry import Needs, PersonRequest
from bursar.api.openapi import Doc
from bursar.api.staff import examples
from bursar.api.staff.wire import Envelope, PersonView, envelope
from bursar.api.staff.wire_sessions import SignedInView, SignInBody
from bursar.foundation.clock import timestamp
from bursar.house import House


@post(
    "/sign-in",
    status_code=200,
    needs=Needs.NOTHING,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Sign in",
        takes=SignInBody,
        examples={"Somebody": {"email": "amina@example.com", "password": "correct horse battery"}},
        answers=SignedInView,
        shows=examples.SIGNED_IN,
        refuses=(401, 403),
    ),
)
async def sign_in(request: PersonRequest, state: State) -> Response[SignedInView]:
    """Begin a session of at most twelve hours, or less after half an hour without use.

    After ten wrong passwords nobody is let in under that e-mail for half an hour.
    """
    house: House = state.house
    sessions.insist_same_site(request, house)
    body = await reading.json(request, SignInBody)
    now = house.clock.now()
    begun = await identity.sign_in(house.database, email=body.email, password=body.password, now=now)
    view = SignedInView(
        token=begun.token,
        expires_at=timestamp(begun.session.expires_at),
        csrf_token=sessions.csrf_token(begun.token),
        person=PersonView.of(begun.person),
    )
    seconds = int((begun.session.expires_at - now).total_seconds())
    return Response(view, cookies=[sessions.cookie(request, begun.token, seconds=seconds)])


@post(
    "/sign-out",
    status_code=204,
    needs=Needs.SESSION,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(summary="Sign out"),
)
async def sign_out(request: PersonRequest, state: State) -> Response[None]:
    """End this session, and take its cookie back."""
    house: House = state.house
    async with house.database.transaction() as tx:
        await identity.sign_out(tx, request.auth, at=house.clock.now())
    return Response(None, status_code=204, cookies=[sessions.cookie(request, "", seconds=0)])


@get(
    "/me",
    needs=Needs.SESSION,
    doc=Doc(
        summary="Show who is signed in",
        answers=Envelope[PersonView],
        shows=examples.envelope(examples.PERSON, "Signed in"),
    ),
)
async def show_me(request: PersonRequest, state: State) -> Envelope[PersonView]:
    """Show who is signed in by this session, and what their roles are."""
    house: House = state.house
    return envelope(PersonView.of(request.user), "Signed in", at=house.clock.now())


router = Router(path="/api", route_handlers=[sign_in, sign_out, show_me], tags=["Session"])

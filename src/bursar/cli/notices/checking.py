"""Before anybody is told anything: what notices look like, whether they can be sent, and keys to send them with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from bursar import programs
from bursar.cli import frame
from bursar.cli.roof import Roof
from bursar.foundation import ids
from bursar.foundation.clock import SystemClock
from bursar.outbound import notices
from bursar.outbound.notices import Kind, Letter, MailServer, NoMailServer, Templates
from bursar.programs import Terms

PREVIEW_EXAMPLES: Final = frame.examples(
    "bursar notices preview --program providers --kind failed",
    "bursar notices preview --program providers --kind failed --html failed.html",
)
CHECK_EXAMPLES: Final = frame.examples("bursar notices check", "bursar notices check --to you@example.com")
_TEST: Final = Letter(
    subject="A test of notices",
    text="This is a test. If you can read it, notices get through to you.\n",
    html="<p>This is a test. If you can read it, notices get through to you.</p>",
    push="",
)
_HEADINGS: Final = {"what": "What", "result": "Result", "detail": "Detail"}


def preview(
    *,
    program: Annotated[str, typer.Option(help="The program whose holders would be told.")],
    kind: Annotated[Kind, typer.Option(help="What they would be told of.")],
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page there, to look at.")] = None,
    json: frame.Json = False,
) -> None:
    """Show what a notice says, with sample figures: its subject, its text and what a browser shows."""
    letter = frame.run(_letter(program, kind))
    if html is not None:
        html.write_text(letter.html, "utf-8")
        frame.note(f"The page is in {html}.")
    if json:
        frame.show_json({"subject": letter.subject, "text": letter.text, "html": letter.html, "push": letter.push})
    else:
        frame.say(f"Subject: {letter.subject}\nPush: {letter.push}\n\n{letter.text}")


def check(
    context: typer.Context,
    *,
    to: Annotated[str | None, typer.Option(metavar="EMAIL", help="Send a test e-mail there.")] = None,
    json: frame.Json = False,
) -> None:
    """Check that every template can be used, that the mail server lets us in, and that there is a key for browsers."""
    if not frame.run(_check(Roof.over(context), to, json=json)):
        raise typer.Exit(1)


def keys(*, json: frame.Json = False) -> None:
    """Print a new pair of keys for push messages; nothing is stored. With another key all browsers subscribe anew."""
    key = notices.VapidKey.fresh()
    if json:
        frame.show_json({"private": key.text, "public": key.public})
        return
    frame.say(f"VAPID_PRIVATE_KEY={key.text}")
    frame.note(f"Keep it secret. Its public half, which GET /api/push/vapid-key shows browsers: {key.public}")


async def _letter(program: str, kind: Kind) -> Letter:
    templates = notices.templates(frame.settings())
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        return _sample(templates, kind, await programs.terms(tx, program))


async def _check(roof: Roof, to: str | None, *, json: bool) -> bool:
    """Check everything; whether it is all right."""
    settings = frame.settled(roof)
    templates, key, mail = notices.templates(settings), notices.vapid_key(settings), notices.mail_server(settings)
    async with frame.database(settings) as database, database.transaction(readonly=True) as tx:
        known = await programs.all(tx)
    rows: list[dict[str, object]] = [
        *_templates(templates, known),
        await _mail(mail, to),
        {"what": "push", "result": "ok" if key else "off", "detail": "" if key else "VAPID_PRIVATE_KEY is not set"},
    ]
    frame.show(rows, _HEADINGS, json=json)
    return all(row["result"] != "failed" for row in rows)


def _templates(templates: Templates, known: list[Terms]) -> Iterator[dict[str, object]]:
    for terms in known:
        broken = []
        for kind in Kind:
            try:
                _sample(templates, kind, terms)
            except notices.BadTemplate as found:
                broken.append(found.message)
        detail = " ".join(broken) or f"{len(Kind)} kinds"
        yield {"what": f"templates of {terms.program}", "result": "failed" if broken else "ok", "detail": detail}


async def _mail(mail: MailServer | None, to: str | None) -> dict[str, object]:
    if mail is None:
        return {"what": "mail server", "result": "failed" if to else "off", "detail": "SMTP_HOST is not set"}
    try:
        async with mail.line() as send:
            if to is None:
                return {"what": "mail server", "result": "ok", "detail": f"{mail.host} lets us in"}
            now = SystemClock().now()
            answer = await send(mail.compose(_TEST, to=to, name=ids.new(now), at=now), to)
    except NoMailServer as missing:
        answer = missing.answer
    except notices.BadAddress:
        return {"what": "mail server", "result": "failed", "detail": "--to is not an e-mail address"}
    code = f" (SMTP {answer.status})" if answer.status else ""
    detail = f"{mail.host} took a test e-mail" if answer.error is None else f"{answer.error}{code}"
    return {"what": "mail server", "result": "failed" if answer.error else "ok", "detail": detail}


def _sample(templates: Templates, kind: Kind, terms: Terms) -> Letter:
    facts = notices.sample(kind, terms, at=SystemClock().now())
    return templates.letter(kind, terms.program, [facts])

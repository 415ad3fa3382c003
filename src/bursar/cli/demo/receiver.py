"""A merchant's end of the webhooks: takes them in, verifies each with the Standard Webhooks library, and counts."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError


class Receiver:
    """Takes in what is posted to ``/hooks/{merchant}`` and believes what is signed with that merchant's secret."""

    def __init__(self) -> None:
        """Trust nobody yet."""
        self._secrets: dict[str, Webhook] = {}
        self.received = 0
        self.forged = 0
        self.heard: dict[str, set[str]] = defaultdict(set)
        """The words that were heard of each payout, by its id."""

    def trust(self, merchant: str, secret: str) -> None:
        """Verify this merchant's webhooks with this secret."""
        self._secrets[merchant] = Webhook(secret)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Listen on a free port of this machine; gives the address below which each merchant has its own."""
        app = web.Application()
        app.router.add_post("/hooks/{merchant}", self._take_in)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
        finally:
            await runner.cleanup()

    async def _take_in(self, request: web.Request) -> web.Response:
        secret = self._secrets.get(request.match_info["merchant"])
        try:
            if secret is None:
                raise WebhookVerificationError("nobody's")
            event: dict[str, Any] = secret.verify(await request.read(), dict(request.headers))
        except WebhookVerificationError:
            self.forged += 1
            return web.Response(status=401)
        self.received += 1
        self.heard[event["payoutId"]].add(event["status"])
        return web.Response(status=204)

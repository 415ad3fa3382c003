"""Web processes that share one listening socket, as `python bench/web.py`."""

import os
import signal
import sys

from bursar import web
from bursar.foundation.settings import Settings

settings = Settings(_env_file=None)
listening = web.listen(settings)
children = []
for _ in range(settings.web_processes):
    child = os.fork()
    if not child:
        web.server(settings).run(sockets=[listening])
        sys.exit()
    children.append(child)
signal.signal(signal.SIGTERM, lambda *_: [os.kill(child, signal.SIGTERM) for child in children] and None)
for child in children:
    os.waitpid(child, 0)

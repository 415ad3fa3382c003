"""Files of payouts: each is asked for once, even if it arrives twice, and one that a crash cut short is taken up again.

A file's rows are asked for in parts, each in a transaction of its own, so that nobody waits for a long one. What a part
was answered is remembered beside its payouts, by ``foundation.idempotency``; here stands only that there is a file.
"""

from bursar.payouts.uploads.actions import begin_upload, finish_upload

__all__ = ["begin_upload", "finish_upload"]

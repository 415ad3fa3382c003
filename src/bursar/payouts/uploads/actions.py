"""Beginning and ending an upload."""

import hashlib
from datetime import datetime
from uuid import UUID

from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.payouts.errors import UploadedBefore
from bursar.payouts.model import Upload
from bursar.payouts.uploads import store


async def begin_upload(
    tx: Transaction, content: bytes, *, holder_id: UUID, rows: int, again: str | None, at: datetime
) -> Upload:
    """Note a file before its first row is asked for, or take up one that was begun and never answered to the end.

    ``again`` is a key under which the same file may be asked for once more; None when it may not.

    Raises:
        UploadedBefore: this holder's file was answered before; it names that upload and its time.
    """
    fingerprint = hashlib.sha256(content + b"\0" + (again or "").encode()).digest()
    upload = await store.insert(tx, Upload(ids.new(at), holder_id, fingerprint, rows, at))
    if upload.accepted is not None:
        raise UploadedBefore(upload_id=str(upload.id), uploaded_at=upload.created_at)
    return upload


async def finish_upload(tx: Transaction, upload_id: UUID, *, accepted: int) -> None:
    """Note that every row has been answered. From now on the same file is refused."""
    await store.finish(tx, upload_id, accepted=accepted)

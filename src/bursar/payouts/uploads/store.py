"""Every statement on uploads."""

from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.payouts.model import Upload


async def insert(tx: Transaction, upload: Upload) -> Upload:
    """Note a new upload, or find the one that was begun with the same fingerprint; waits for a twin's commit."""
    await tx.run(
        """
        INSERT INTO uploads (id, holder_id, fingerprint, rows, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT ON CONSTRAINT same_file_once DO NOTHING
        """,
        upload.id, upload.holder_id, upload.fingerprint, upload.rows, upload.created_at,
    )  # fmt: skip
    row = await tx.one(
        """
        SELECT id, holder_id, fingerprint, rows, created_at, accepted FROM uploads
        WHERE holder_id = $1 AND fingerprint = $2
        """,
        upload.holder_id, upload.fingerprint,
    )  # fmt: skip
    return Upload(*row)


async def finish(tx: Transaction, upload_id: UUID, *, accepted: int) -> None:
    """Note that every row of an upload has been answered, and how many were accepted."""
    await tx.run("UPDATE uploads SET accepted = $2 WHERE id = $1 AND accepted IS NULL", upload_id, accepted)

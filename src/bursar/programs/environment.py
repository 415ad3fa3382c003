"""Fields of the terms that an installation's environment sets, by the names that the writers document gives them."""

from collections.abc import Mapping
from typing import Final

from bursar.foundation.settings import Settings
from bursar.programs.writing import Given

ACTOR: Final = "system:environment"


def overrides(settings: Settings) -> Mapping[str, Given]:
    """What the environment says about the terms of the program ``CRON_PROGRAM``, by the paths of fields.

    ``PAYOUT_MAX_RETRIES`` counts what comes after the first attempt, the terms all attempts.
    """
    retries = settings.payout_max_retries
    said: dict[str, Given] = {
        "limits.minimum": settings.payout_min_threshold,
        "dispatch.batch_size": settings.payout_batch_size,
        "retry.max_attempts": None if retries is None else 1 + retries,
        "alerts.enabled": settings.monitoring_enabled,
    }
    return {path: value for path, value in said.items() if value is not None}

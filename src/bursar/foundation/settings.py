"""What this installation needs to know: read once at start-up, in ``bootstrap``, and handed down.

Business rules are not settings; they are *terms*, live in the database and have versions (see ``bursar.programs``).
Every setting is an environment variable of the same name in capitals, or a line in ``.env``; ``.env.example`` explains
each. A secret may also come from a file of its name in ``SECRETS_DIR`` (Docker and Kubernetes secrets).
"""

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SAMPLE_SECRETS = frozenset(
    {"default-webhook-secret-key", "your-32-character-encryption-key", "your_secure_cron_api_key", "change-me"}
)
"""Values that documents print as examples; production refuses to start with one of them."""
CRON_KEY_LENGTH_MIN = 16  # Whoever can guess it decides when money leaves.


class Settings(BaseSettings):
    """One installation's settings. Times are in seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, secrets_dir=os.environ.get("SECRETS_DIR")
    )

    environment: Literal["production", "development"] = Field("development", validation_alias="BURSAR_ENV")

    database_url: str | None = None
    bursar_data: Path | None = None
    database_pool_min: int = Field(2, ge=1)
    database_pool_max: int = Field(10, ge=2)
    database_ssl: Literal["disable", "prefer", "require", "verify-full"] = "prefer"
    database_statement_timeout_ms: int = Field(5_000, gt=0)
    worker_statement_timeout_ms: int = Field(30_000, gt=0)
    database_lock_timeout_ms: int = Field(2_000, gt=0)
    database_idle_timeout_ms: int = Field(10_000, gt=0)
    database_acquire_timeout: float = Field(2.0, gt=0)

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65_535)
    public_url: str | None = None
    web_processes: int = Field(1, ge=1)
    payout_base_alias: str = ""
    marketplace_program: str = Field("marketplace", pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    enable_workers: bool = True
    gather_in_flight: int = Field(2, ge=1)
    body_bytes_max: int = Field(16 * 1024 * 1024, gt=0)

    cron_api_key: SecretStr | None = None
    cron_program: str = Field("writers", pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    payout_batch_size: int | None = Field(None, ge=1, le=1000)
    payout_max_retries: int | None = Field(None, ge=0, le=19)
    payout_min_threshold: Decimal | None = Field(None, gt=0)
    monitoring_enabled: bool | None = None

    encryption_key: SecretStr | None = None
    encryption_keys_retired: Annotated[tuple[SecretStr, ...], NoDecode] = ()

    webhook_secret: SecretStr | None = None
    webhook_allow_loopback: bool = False
    webhook_concurrency: int = Field(200, ge=1)
    alert_webhook_secret: SecretStr | None = None

    smtp_host: str | None = None
    smtp_port: int | None = Field(None, ge=1, le=65_535)
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    smtp_from: str | None = None
    smtp_connections: int = Field(4, ge=1, le=50)
    notices_url: str | None = Field(None, pattern=r"^https?://[^\s<>]+$")
    notice_templates: Path | None = None
    vapid_private_key: SecretStr | None = None
    vapid_subject: str | None = Field(None, pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://[^\s]+)$")

    queue_url: SecretStr = SecretStr("")
    queue_ca_file: Path | None = None
    redis_host: str = ""
    redis_port: int = Field(6379, ge=1, le=65_535)
    redis_username: str = "default"
    redis_password: SecretStr | None = None
    redis_db: int = Field(0, ge=0)
    redis_tls: bool = False
    redis_max_clients: int = Field(50, ge=2)
    redis_pool_size: int = Field(10, ge=2)

    payout_worker_concurrency: int = Field(5, ge=1, le=100)
    payout_worker_rate_limit: float = Field(10.0, gt=0)
    batch_worker_concurrency: int = Field(1, ge=1, le=10)
    batch_worker_rate_limit: float = Field(1.0, gt=0)
    run_chunk: int = Field(5_000, ge=1, le=10_000)
    worker_health_seconds: float = Field(300.0, gt=0)

    mockbank_url: str = "http://127.0.0.1:9100"
    mockbank_api_key: SecretStr = SecretStr("sandbox")
    mockbank_webhook_secret: SecretStr = SecretStr("sandbox-webhook-secret")
    mockbank_bulk: bool = True
    mockbank_deadline: float = Field(30.0, gt=0)

    simulated_url: str = "http://127.0.0.1:9100/simulated"
    simulated_api_key: SecretStr = SecretStr("sandbox")
    simulated_deadline: float = Field(30.0, gt=0)
    sandbox_simulated_success_rate: float = Field(0.95, ge=0, le=1)
    sandbox_simulated_delay_seconds: float = Field(1.0, ge=0)
    sandbox_simulated_seed: int = 0

    flutterwave_url: str = "https://api.flutterwave.com"
    flutterwave_secret_key: SecretStr | None = None
    flutterwave_secret_hash: SecretStr | None = None
    flutterwave_bulk_max: int = Field(100, ge=1)
    flutterwave_deadline: float = Field(30.0, gt=0)
    flutterwave_test_suffix: str = Field("", pattern=r"^(_PMCK(_ST_F)?(DU_[0-9]{1,4})?)?$")
    flutterwave_v4_url: str = "https://f4bexperience.flutterwave.com"
    flutterwave_v4_token_url: str = "https://idp.flutterwave.com/realms/flutterwave/protocol/openid-connect/token"  # noqa: S105 - an address
    flutterwave_v4_client_id: str | None = None
    flutterwave_v4_client_secret: SecretStr | None = None
    flutterwave_v4_secret_hash: SecretStr | None = None
    flutterwave_v4_signature: Literal["hmac", "plain"] = "hmac"

    stripe_url: str = "https://api.stripe.com"
    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    stripe_version: str = Field("2026-10-28.endive", pattern=r"^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$")
    stripe_deadline: float = Field(30.0, gt=0)

    razorpayx_url: str = "https://api.razorpay.com"
    razorpayx_key_id: str | None = None
    razorpayx_key_secret: SecretStr | None = None
    razorpayx_account_number: SecretStr | None = None
    razorpayx_webhook_secret: SecretStr | None = None
    razorpayx_deadline: float = Field(30.0, gt=0)
    razorpayx_bank_mode: Literal["auto", "IMPS", "NEFT", "RTGS"] = "auto"
    razorpayx_purpose: str = Field("payout", pattern=r"^[^\s]([^\r\n\t]{0,48}[^\s])?$")
    razorpayx_queue_low_balance: bool = False

    metrics_token: SecretStr | None = None
    metrics_port: int | None = Field(None, ge=0, le=65_535)
    otel_exporter_otlp_endpoint: str | None = Field(None, pattern=r"^https?://[^\s]+$")

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, given: dict[str, object]) -> dict[str, object]:
        """Read comma-separated lists as the documents write them."""
        retired = given.get("encryption_keys_retired")
        if isinstance(retired, str):
            given["encryption_keys_retired"] = tuple(part.strip() for part in retired.split(",") if part.strip())
        return given

    @model_validator(mode="after")
    def _no_samples_in_production(self) -> Self:
        """A secret that stands in a public document protects nothing."""
        if self.environment == "production":
            if self.encryption_key is None:
                raise ValueError("ENCRYPTION_KEY must be set in production: 32 characters, or 32 bytes in base64")
            for name in ("cron_api_key", "encryption_key", "webhook_secret", "alert_webhook_secret"):
                secret: SecretStr | None = getattr(self, name)
                if secret is not None and secret.get_secret_value() in SAMPLE_SECRETS:
                    raise ValueError(f"{name.upper()} is a published sample value; choose your own")
            if self.cron_api_key and len(self.cron_api_key) < CRON_KEY_LENGTH_MIN:
                raise ValueError(f"CRON_API_KEY must have at least {CRON_KEY_LENGTH_MIN} characters in production")
        return self

"""Settings are read once, from the environment or from files of secrets, and production refuses published samples."""

from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import ValidationError

from bursar.foundation.settings import SAMPLE_SECRETS, Settings

KEY = "a-key-of-exactly-32-characters!!"


def read(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    """The settings that this environment gives."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings(_env_file=None)


def test_without_any_setting_an_installation_is_for_development(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "ENCRYPTION_KEY", "BURSAR_ENV"):
        monkeypatch.delenv(name, raising=False)
    settings = read(monkeypatch)
    assert (settings.environment, settings.database_url, settings.encryption_key) == ("development", None, None)


def test_a_setting_is_the_variable_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, DATABASE_POOL_MAX="7", PORT="8001", MOCKBANK_BULK="false", LOG_LEVEL="warning")
    assert (settings.database_pool_max, settings.port, settings.mockbank_bulk) == (7, 8001, False)
    assert settings.log_level == "warning"


def test_retired_keys_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, ENCRYPTION_KEYS_RETIRED="one, two,,three ")
    assert [key.get_secret_value() for key in settings.encryption_keys_retired] == ["one", "two", "three"]


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ENCRYPTION_KEY", raising=False)
    (tmp_path / "encryption_key").write_text(KEY)
    settings = Settings(_env_file=None, _secrets_dir=tmp_path)
    assert settings.encryption_key is not None
    assert settings.encryption_key.get_secret_value() == KEY


@pytest.mark.parametrize("sample", sorted(SAMPLE_SECRETS))
@pytest.mark.parametrize("name", ["CRON_API_KEY", "ENCRYPTION_KEY", "WEBHOOK_SECRET"])
def test_production_refuses_a_published_sample(monkeypatch: pytest.MonkeyPatch, name: str, sample: str) -> None:
    with pytest.raises(ValidationError, match=f"{name} is a published sample"):
        read(monkeypatch, BURSAR_ENV="production", **{"ENCRYPTION_KEY": KEY, "WEBHOOK_SECRET": "fine", name: sample})


@pytest.mark.parametrize(("length", "starts"), [(0, True), (15, False), (16, True)])
def test_production_refuses_a_cron_key_that_can_be_guessed(
    monkeypatch: pytest.MonkeyPatch, length: int, starts: bool
) -> None:
    environment = {"BURSAR_ENV": "production", "ENCRYPTION_KEY": KEY, "CRON_API_KEY": "k" * length}
    with nullcontext() if starts else pytest.raises(ValidationError, match="at least 16 characters"):
        read(monkeypatch, **environment)


def test_production_refuses_to_start_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENCRYPTION_KEY", raising=False)
    with pytest.raises(ValidationError, match="ENCRYPTION_KEY must be set"):
        read(monkeypatch, BURSAR_ENV="production")


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATABASE_POOL_MAX", "0"), ("PORT", "70000"), ("DATABASE_SSL", "maybe"), ("BURSAR_ENV", "test")],
)
def test_a_value_out_of_bounds_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        read(monkeypatch, **{name: value})


def test_showing_settings_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, ENCRYPTION_KEY=KEY, WEBHOOK_SECRET="hush", ENCRYPTION_KEYS_RETIRED="old-secret")
    for secret in (KEY, "hush", "old-secret"):
        assert secret not in repr(settings)
        assert secret not in settings.model_dump_json()


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError):
        read(monkeypatch).port = 1  # type: ignore[misc]

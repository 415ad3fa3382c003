"""``.env.example`` shows every setting there is, with its default, and nothing else."""

import re

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bursar.foundation.settings import Settings
from bursar_sandbox.settings import SandboxSettings
from house_rules.source import ROOT

READ_BEFORE = {"SECRETS_DIR"}  # Says where the settings are to be read from, so it cannot be one of them.

_LINE = re.compile(r"^# ?([A-Z][A-Z0-9_]+)=(.*)$|^([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)


def example() -> dict[str, str]:
    """The settings of ``.env.example``, commented out or not, with the values shown."""
    text = (ROOT / ".env.example").read_text("utf-8")
    return {off or on: (unset or value).strip() for off, unset, on, value in _LINE.findall(text)}


def settings() -> dict[str, FieldInfo]:
    """Every field of ``Settings`` by the name of its environment variable."""
    return {str(field.validation_alias or name).upper(): field for name, field in Settings.model_fields.items()}


def default(field: FieldInfo) -> str:
    """A field's default as one would write it in the file; empty where there is none."""
    value = field.default
    match value:
        case None | ():
            return ""
        case bool():
            return str(value).lower()
        case SecretStr():
            return value.get_secret_value()
        case _:
            return str(value)


def test_every_setting_is_explained() -> None:
    assert settings().keys() - example().keys() == set(), "explain these in .env.example"


def test_nothing_is_explained_that_is_not_there() -> None:
    assert example().keys() - settings().keys() - READ_BEFORE == set(), "remove these from .env.example"


def test_the_defaults_shown_are_the_defaults() -> None:
    shown = {name: value for name, value in example().items() if name in settings()}
    actual = {name: default(field) for name, field in settings().items() if name in shown}
    assert shown == actual, "correct the values in .env.example"


def test_bursar_and_its_sandbox_bank_agree_unless_told_otherwise() -> None:
    theirs, ours = SandboxSettings(), Settings(_env_file=None)
    assert theirs.api_key == ours.mockbank_api_key.get_secret_value()
    assert theirs.webhook_secret == ours.mockbank_webhook_secret.get_secret_value()

"""What a client gave, put into what there was."""

from collections.abc import Mapping
from typing import Any


def changed(metadata: dict[str, str], given: Mapping[str, str] | str) -> dict[str, str]:
    """Metadata with what was given: an empty value takes a name away, and an empty string all of them."""
    if isinstance(given, str):
        return {}
    return {name: value for name, value in {**metadata, **given}.items() if value != ""}


def merged(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with what was given, at any depth."""
    result = dict(settings)
    for name, value in given.items():
        old = result.get(name)
        result[name] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result

"""Showing what was measured: a table for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from bench.rounds import Figure

WIDTH: Final = 120  # Of a table that no terminal limits.


def show(figures: Sequence[Figure]) -> None:
    """Print one line for each figure: medians, and from the least to the most in small print."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Figure")
    for heading in ("Median", "Least - most", "Reference", "Least - most", "Ratio", "Rounds"):
        table.add_column(heading, justify="right")
    table.add_column("Unit")
    for figure in figures:
        sides = (_shown(figure.values), _spread(figure.values), _shown(figure.references), _spread(figure.references))
        table.add_row(figure.name, *sides, f"{figure.ratio:.2f}", str(len(figure.values)), figure.unit)
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table)


def write(path: Path, figures: Sequence[Figure], conditions: Mapping[str, str]) -> None:
    """Write everything as JSON: the medians, each round, and what they were measured on."""
    found = {"figures": [_plain(figure) for figure in figures], "conditions": dict(conditions)}
    path.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


def _plain(figure: Figure) -> dict[str, object]:
    return {
        "name": figure.name,
        "value": _rounded(figure.value),
        "unit": figure.unit,
        "reference": _rounded(figure.reference),
        "ratio": _rounded(figure.ratio),
        "rounds": len(figure.values),
        "values": [_rounded(value) for value in figure.values],
        "references": [_rounded(value) for value in figure.references],
    }


def _spread(values: Sequence[float]) -> str:
    return f"[dim]{_shown([min(values)])} - {_shown([max(values)])}[/dim]"


def _shown(values: Sequence[float]) -> str:
    middle = median(values)
    return f"{middle:,.0f}" if middle >= 100 else f"{middle:,.3g}"


def _rounded(value: float) -> float:
    """Four digits say all that a measurement knows."""
    return float(f"{value:.4g}")

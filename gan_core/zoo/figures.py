"""What benchmarks have measured of recipes: figures.json beside this file, which the benchmarks write with --keep and the documentation's tables agree with."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).with_name("figures.json")
COLUMNS = {  # of each benchmark: metrics in the order of its table
    "recipes": ("confident", "min_class_share", "fd"),
    "translations": ("test_l1", "psnr", "ssim", "fd", "cycle_there", "cycle_back"),
    "mixtures": ("modes", "quality", "reverse_kl"),
}


class Figure(NamedTuple):
    """Mean over the seeds, and their standard deviation (None of one seed)."""

    mean: float
    spread: float | None


class Row(NamedTuple):
    """A preset in a benchmark: its seeds, and its figures by the names of metrics, with "steps" and "seconds" where they were kept."""

    preset: str
    seeds: tuple[int, ...]
    figures: Mapping[str, Figure]


class Table(NamedTuple):
    """A benchmark: the machine that it ran on, in short, and a row a preset."""

    machine: Mapping[str, Any]
    rows: Mapping[str, Row]


def read(file: Path = FILE) -> dict[str, Any]:
    """The whole file: {benchmark: {"machine": …, "seeds": {preset: {seed: {metric: value}}}}}."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@cache
def table(benchmark: str) -> Table:
    """What was kept of a benchmark, one of COLUMNS."""
    kept = read()[benchmark]
    return Table(kept["machine"], {name: _row(name, seeds) for name, seeds in kept["seeds"].items()})


def of_preset(name: str) -> tuple[str, Row] | None:
    """The benchmark that measured a preset, and its row."""
    return next(((one, row) for one in COLUMNS if (row := table(one).rows.get(name))), None)


def _row(name: str, seeds: Mapping[str, Mapping[str, Any]]) -> Row:
    known = dict.fromkeys(
        key for values in seeds.values() for key, value in values.items() if isinstance(value, (int, float))
    )
    figures = {key: figure([float(values[key]) for values in seeds.values() if key in values]) for key in known}
    return Row(name, tuple(sorted(map(int, seeds))), figures)


def figure(values: Sequence[float]) -> Figure:
    """Their mean and their sample standard deviation."""
    return Figure(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)

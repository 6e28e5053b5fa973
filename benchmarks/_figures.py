"""Figures that the zoo and the documentation show: written into gan_core/zoo/figures.json, and from there as the documentation's tables.

`python -m benchmarks._figures recipes` prints the table of docs/benchmarks.md; tests/unit/test_zoo_figures.py holds the two together.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from gan_core.runs import atomic
from gan_core.zoo import figures

_MACHINE = ("processor", "cores", "gpu", "torch")


def keep(benchmark: str, measured: Mapping[str, Any], seed: int = 0) -> None:
    """Enter what a benchmark's `run` gave, a row a preset and "machine", under this seed. Only numbers are kept; figures of another machine are
    dropped with its name."""
    everything = figures.read()
    machine = {key: measured["machine"][key] for key in _MACHINE}
    machine["torch"] = machine["torch"].partition("+")[0]  # without what it was built for
    kept = everything[benchmark]
    if kept["machine"] != machine:
        kept = {"machine": machine, "seeds": {}}
    for name, row in measured.items():
        if name != "machine":
            kept["seeds"].setdefault(name, {})[str(seed)] = {k: v for k, v in row.items() if not isinstance(v, str)}
    everything[benchmark] = kept
    atomic.write_text(figures.FILE, json.dumps(everything, indent=1, ensure_ascii=False) + "\n")


def arguments(words: list[str]) -> tuple[list[str], bool, int]:
    """`[NAME …] [--keep] [--seed N]` of a benchmark's own command line: names, whether to keep, the seed."""
    words, seed = list(words), 0
    if "--seed" in words:
        place = words.index("--seed")
        seed = int(words[place + 1])
        del words[place : place + 2]
    return [word for word in words if word != "--keep"], "--keep" in words, seed


def markdown(benchmark: str) -> list[str]:
    """The rows of the documentation's table, one a preset; of several seeds the mean ± the standard deviation."""
    seeds = figures.read()[benchmark]["seeds"]
    return [f"| `{name}` | " + " | ".join([*_CELLS[benchmark](row, next(iter(seeds[name].values()))), _quickest(seeds[name])]) + " |"
            for name, row in figures.table(benchmark).rows.items()]  # fmt: skip


def _quickest(seeds: Mapping[str, Any]) -> str:
    """Seconds of the quickest seed: what other programs took adds to the others."""
    return f"{min(row['seconds'] for row in seeds.values()):.0f}"


def _told(row: figures.Row, key: str, write: Callable[[float], str]) -> str:
    mean, spread = row.figures[key]
    return write(mean) + (f" ± {write(spread)}" if spread is not None else "")


def _recipe(row: figures.Row, _first: Mapping[str, Any]) -> list[str]:
    return [
        _told(row, "confident", lambda v: f"{100 * v:.0f} %"), _told(row, "min_class_share", lambda v: f"{100 * v:.1f} %"),
        _told(row, "fd", lambda v: f"{v:.1f}"), f"{row.figures['steps'].mean:,.0f}",
    ]  # fmt: skip


def _translation(row: figures.Row, first: Mapping[str, Any]) -> list[str]:
    given = first["given"]
    cycles = ", ".join(
        _told(row, key, lambda v: f"{v:.3f}") for key in ("cycle_there", "cycle_back") if key in row.figures
    )
    return [
        f"{_told(row, 'test_l1', lambda v: f'{v:.4f}')} ({given['test_l1']:.4f})", f"{_told(row, 'psnr', lambda v: f'{v:.1f}')} ({given['psnr']:.1f})",
        f"{_told(row, 'ssim', lambda v: f'{v:.3f}')} ({given['ssim']:.3f})", f"{_told(row, 'fd', lambda v: f'{v:.4g}')} ({first['fd_floor']:g})",
        cycles or "–", f"{row.figures['steps'].mean:,.0f}",
    ]  # fmt: skip


_CELLS: dict[str, Callable[[figures.Row, Mapping[str, Any]], list[str]]] = {
    "recipes": _recipe,
    "translations": _translation,
}

if __name__ == "__main__":
    print("\n".join(markdown(sys.argv[1])))

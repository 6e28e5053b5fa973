"""Trains every preset here and draws the pictures of Home's cards: `python -m benchmarks.pictures [seconds a preset]`."""

import sys
from pathlib import Path

from benchmarks._train import trained
from gan_core import registry
from gan_core.runs.stills import card

FOLDER = Path(__file__).resolve().parent.parent / "pages" / "_ui" / "pictures"


def run(seconds: float = 60.0) -> dict[str, object]:
    """Train and draw; the steps that each picture took."""
    FOLDER.mkdir(exist_ok=True)
    steps = {}
    for name in registry.preset:
        session = trained(name, seconds)
        session.command("pause")  # a last look, at the very end
        session.turn(0.0)
        card(session.latest).save(FOLDER / f"{name}.webp", quality=85, method=6)
        steps[name] = session.latest.step
    return {"steps": steps}


if __name__ == "__main__":
    print(run(*map(float, sys.argv[1:2])))

"""The pictures of Home's cards: `python -m benchmarks.pictures [preset …]`, of all presets where none is named."""

import sys
from pathlib import Path

from benchmarks._train import ended, trained
from gan_core import config, presets, registry
from gan_core.runs.session import TrainingSession
from gan_core.runs.stills import beside, card

FOLDER = Path(__file__).resolve().parent.parent / "pages" / "_ui" / "pictures"
SECONDS = 60.0  # of a preset that goes well
STEPS = 700  # of one that teaches: what it shows is there by then


def run(names: list[str] | None = None) -> dict[str, object]:
    """Train and draw; the steps that each picture took."""
    FOLDER.mkdir(exist_ok=True)
    steps = {}
    for name in names or registry.preset:
        sessions = _sessions(name)
        for session in sessions:
            session.command("pause")  # a last look, at the very end
            session.turn(0.0)
        last = [session.latest for session in sessions]
        picture = beside(last) if len(last) > 1 else card(last[0])
        picture.save(FOLDER / f"{name}.webp", quality=85, method=6)
        steps[name] = [snapshot.step for snapshot in last]
    return {"steps": steps}


def _sessions(name: str) -> list[TrainingSession]:
    if registry.preset[name].info["goal"] != "lesson":
        return [trained(name, SECONDS)]
    return [
        ended(config.replace(c, {"horizon": STEPS * c.batch_size * c.k_d, "engine": "eager"}))
        for c in presets.versions(name)
    ]


if __name__ == "__main__":
    print(run(sys.argv[1:]))

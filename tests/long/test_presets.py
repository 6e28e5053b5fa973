"""Every preset from several seeds, to the end of its schedule: it reaches what its text promises, however long that takes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from benchmarks._train import go_on, ready, samples, trained, trainer_of
from gan_core import config, data, metrics, presets
from gan_core.engine import orders
from gan_core.engine.workshop import Workshop
from gan_core.runs.looking import METRIC_SAMPLES

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

LEAST_QUALITY = {"ring": 0.92, "grid": 0.90}
MOST_KL = {"ring": 0.01, "grid": 0.02}
SAMPLES = 5000


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop | None]:
    """Without a compiler the same runs take longer."""
    made = Workshop(tmp_path_factory.mktemp("engine")) if orders.compiler() else None
    yield made
    if made is not None:
        made.close()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", ["ring", "grid"])
def test_mixtures_lose_no_mode(workshop: Workshop | None, name: str, seed: int) -> None:
    session = go_on(ready(config.replace(presets.load(name), {"seed": seed}), workshop))
    assert session.status == "finished"
    found = metrics.evaluate(samples(session, METRIC_SAMPLES, 12345), trainer_of(session).data)
    assert found["modes"] == found["modes_total"]
    assert found["quality"] >= LEAST_QUALITY[name]
    assert found["reverse_kl"] <= MOST_KL[name]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("name", "confident", "rarest"), [("digits", 0.8, 0.03), ("mnist", 0.6, 0.04)])
def test_digits_of_every_kind(name: str, confident: float, rarest: float, seed: int) -> None:
    if not data.is_available(presets.load(name).data.name):
        pytest.skip(f"{name} is not in the cache folder")
    session = trained(name, math.inf, seed)
    assert session.status == "finished"
    found = metrics.evaluate(samples(session, SAMPLES, 1), trainer_of(session).data)
    assert found["confident"] >= confident
    assert found["min_class_share"] >= rarest


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["moons", "gan_lab"])
def test_the_others_stay_finite(name: str, seed: int) -> None:
    session = trained(name, 20.0, seed)
    assert session.status in ("running", "finished"), str(session.message)
    assert samples(session, METRIC_SAMPLES, 1).isfinite().all()

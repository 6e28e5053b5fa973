"""The diagnosis over several seeds: every run built to fail is known for what it is, and whole healthy runs are left in peace."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gan_core import presets, registry
from gan_core.config import RunConfig, replace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from _ill import HEALTHY_PICTURES, ILL, ILL_PICTURES, Observed, ill, ill_pictures, pictures

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

CPU = {"device": "cpu", "precision": "float32", "threads": 1}
SEEDS = range(5)
_PLAIN = {"latent.dim": 2, "generator.hidden": (32, 32), "discriminator.hidden": (32, 32), "batch_size": 128}
HEALTHY = {
    ("moons", "non_saturating", "r1", 0.1): {}, ("checkerboard", "hinge", "r1", 0.1): {}, ("line", "relativistic", "r1_r2", 0.1): {},
    ("pinwheel", "least_squares", "r1", 0.05): {}, ("swiss_roll", "wasserstein", "wgan_gp", 1.0): {"k_d": 5},
    ("three_blobs", "wasserstein", "weight_clipping", 0.05): {"k_d": 5, "g_optimizer.lr": 5e-4, "d_optimizer.lr": 5e-4},
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("code", list(ILL))
def test_runs_built_to_fail(code: str, seed: int) -> None:
    seen = Observed(ill(code, seed))
    assert seen.until(lambda codes: code in codes, 2 * ILL[code][1]), seen.said


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", [e.name for e in registry.preset.entries() if e.name in ("ring", "grid", "moons")])
def test_presets_to_the_end_of_their_schedule(name: str, seed: int) -> None:
    config = replace(presets.load(name), CPU | {"seed": seed})
    seen = Observed(config, every=100)
    seen.until(lambda codes: False, config.horizon // config.batch_size)
    assert seen.said == ["early", "healthy"]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("what", list(HEALTHY), ids=lambda what: "-".join(map(str, what)))
def test_every_loss_in_good_health(what: tuple[str, str, str, float], seed: int) -> None:
    data, loss, penalty, weight = what
    changes = {"data.name": data, "loss": loss, "penalty": penalty, "penalty_weight": weight, "seed": seed}
    seen = Observed(replace(RunConfig(), _PLAIN | CPU | changes | HEALTHY[what]))
    seen.until(lambda codes: False, 4000)
    assert seen.said == ["early", "healthy"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("code", list(ILL_PICTURES))
def test_pictures_built_to_fail(code: str, seed: int) -> None:
    seen = ill_pictures(code, seed)
    assert seen.until(lambda codes: code in codes, 2 * ILL_PICTURES[code][2]), seen.said


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", list(HEALTHY_PICTURES))
def test_pictures_in_good_health(name: str, seed: int) -> None:
    seen = Observed(pictures(HEALTHY_PICTURES[name], seed))
    seen.until(lambda codes: False, 2500)
    assert seen.said == ["early", "healthy"]

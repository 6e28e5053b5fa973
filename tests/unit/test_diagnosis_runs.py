"""The diagnosis of real small runs: built to fail in each way, and in good health."""

from __future__ import annotations

import pytest
from _ill import HEALTHY_PICTURES, ILL, ILL_PICTURES, Observed, ill, ill_pictures, pictures

from gan_core import presets, registry
from gan_core.config import replace
from gan_core.diagnosis.signs import UNTROUBLED

CPU = {"device": "cpu", "precision": "float32", "threads": 1}


def test_each_way_to_fail_has_its_run() -> None:
    built = {"lost_modes", "out_of_memory", *UNTROUBLED}  # elsewhere
    assert set(ILL) | set(ILL_PICTURES) | built == set(registry.condition)


SLOW = {"vanishing_gradients", "standstill"}  # to show themselves


@pytest.mark.parametrize("code", [pytest.param(code, marks=pytest.mark.long if code in SLOW else ()) for code in ILL])
def test_a_run_built_to_fail_is_known_for_what_it_is(code: str) -> None:
    seen = Observed(ill(code))
    assert seen.until(lambda codes: code in codes, ILL[code][1]), seen.said
    found = next(f for f in seen.findings if f.code == code)
    assert found.changes
    assert str(found.evidence)


@pytest.mark.long  # of ring it is a claim of its own: test_teaching.py
@pytest.mark.parametrize("name", ["moons"])
def test_the_presets_are_in_good_health(name: str) -> None:
    seen = Observed(replace(presets.load(name), CPU), every=50)
    seen.until(lambda codes: False, 1000)
    assert seen.said == ["early", "healthy"]


def test_the_remedy_cures() -> None:
    """The smaller rate that is proposed for the generator brings it back to the data."""
    seen = Observed(ill("cycling"))
    assert seen.until(lambda codes: codes[0] == "cycling", 1200)
    assert seen.treat() == {"g_optimizer.lr": 0.001}
    assert seen.until(lambda codes: codes == ["healthy"], 4000)


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(  # that they are all alike, runs on points are known for, too
    "code", [pytest.param(code, marks=pytest.mark.long if code == "mode_collapse" else ()) for code in ILL_PICTURES]
)
def test_pictures_that_fail_are_known_for_how(code: str) -> None:
    seen = ill_pictures(code)
    assert seen.until(lambda codes: code in codes, ILL_PICTURES[code][2]), seen.said
    found = next(f for f in seen.findings if f.code == code)
    assert str(found.evidence)
    assert found.changes or code == "checkerboard"
    assert str(found.advice)


@pytest.mark.long
def test_resizing_prints_no_checkerboard() -> None:
    """What is advised against it, in the same run."""
    changes, _count, _steps = ILL_PICTURES["checkerboard"]
    seen = Observed(pictures(changes | {"generator.upsampling": "nearest"}))
    seen.until(lambda codes: False, 700)  # it would be known after 560
    assert "checkerboard" not in seen.said


@pytest.mark.parametrize("name", ["plain"])  # all of them, for longer: tests/long
def test_pictures_in_good_health_are_left_in_peace(name: str) -> None:
    seen = Observed(pictures(HEALTHY_PICTURES[name]))
    seen.until(lambda codes: False, 1000)
    assert seen.said == ["early", "healthy"]

"""The diagnosis of real small runs: built to fail in each way, and in good health."""

from __future__ import annotations

import pytest
from _ill import ILL, Observed, ill

from gan_core import presets, registry
from gan_core.config import replace
from gan_core.diagnosis.signs import UNTROUBLED

CPU = {"device": "cpu", "precision": "float32", "threads": 1}


def test_each_way_to_fail_has_its_run() -> None:
    assert set(ILL) | {"lost_modes", *UNTROUBLED} == set(registry.condition)


@pytest.mark.parametrize("code", list(ILL))
def test_a_run_built_to_fail_is_known_for_what_it_is(code: str) -> None:
    seen = Observed(ill(code))
    assert seen.until(lambda codes: code in codes, ILL[code][1]), seen.said
    found = next(f for f in seen.findings if f.code == code)
    assert found.changes
    assert str(found.evidence)


@pytest.mark.parametrize("name", ["moons"])  # of ring and grid it is a claim of theirs: test_teaching.py
def test_the_presets_are_in_good_health(name: str) -> None:
    seen = Observed(replace(presets.load(name), CPU), every=50)
    seen.until(lambda codes: False, 1200)
    assert seen.said == ["early", "healthy"]


def test_the_remedy_cures() -> None:
    """The smaller rate that is proposed for the generator brings it back to the data."""
    seen = Observed(ill("cycling"))
    assert seen.until(lambda codes: codes[0] == "cycling", 1200)
    assert seen.treat() == {"g_optimizer.lr": 0.001}
    assert seen.until(lambda codes: codes == ["healthy"], 4000)

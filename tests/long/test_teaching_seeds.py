"""The presets do what their texts say, whatever the seed. `-s` prints the numbers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from _claims import CLAIMS

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", list(CLAIMS))
def test_whatever_the_seed(name: str, seed: int) -> None:
    print(name, seed, CLAIMS[name](seed, True))

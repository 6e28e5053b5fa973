"""What takes minutes begins with the first test and goes on beside the others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from _soak import Soak, soaking

SECONDS = 75  # and its warm-up


@pytest.fixture(scope="session", autouse=True)
def soak(request: pytest.FixtureRequest) -> Iterator[Soak | None]:
    """The soak that `test_two_minutes` asks for, if that is among the tests."""
    wanted = any(item.name == "test_two_minutes" for item in request.session.items)
    with soaking(SECONDS) if wanted else contextlib.nullcontext() as found:
        yield found

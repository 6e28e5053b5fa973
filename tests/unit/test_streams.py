"""A run's random numbers: apart from each other and from torch's own, and exactly where they were after a restore."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gan_core.streams import Stream, block_rows, generators

CPU = torch.device("cpu")


def draw(n: int, rng: torch.Generator) -> Tensor:
    return torch.randn(n, 2, generator=rng)


def stream(seed: int = 0, rows: int = 64) -> Stream:
    return Stream(draw, torch.Generator().manual_seed(seed), rows)


def test_purposes_and_seeds_are_apart() -> None:
    numbers = [torch.rand(4, generator=g).tolist() for seed in range(20) for g in generators(seed, CPU).values()]
    assert len({tuple(n) for n in numbers}) == len(numbers)
    again = [torch.rand(4, generator=g).tolist() for seed in range(20) for g in generators(seed, CPU).values()]
    assert again == numbers


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    for g in generators(3, CPU).values():
        Stream(draw, g, 16).next(40)
    assert torch.equal(before, torch.get_rng_state())


@settings(deadline=None, database=None)
@given(st.lists(st.integers(1, 100), max_size=12), st.lists(st.integers(1, 100), max_size=8))
def test_go_on_where_it_stopped(before: list[int], after: list[int]) -> None:
    one = stream()
    for n in before:
        one.next(n)
    state = one.state_dict()
    other = stream(seed=99)
    other.next(7)
    other.load_state_dict(state)
    for n in after:
        assert torch.equal(one.next(n), other.next(n))


@settings(deadline=None, database=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=12))
def test_restoring_the_same_stream_twice(sizes: list[int]) -> None:
    one = stream()
    one.next(10)
    state = {k: v.clone() if isinstance(v, Tensor) else v for k, v in one.state_dict().items()}
    first = [one.next(n).clone() for n in sizes]
    one.load_state_dict(state)
    assert all(torch.equal(a, one.next(n)) for a, n in zip(first, sizes, strict=True))


def test_batches_tile_their_block() -> None:
    whole = draw(64, torch.Generator().manual_seed(0))
    one = stream()
    assert torch.equal(torch.cat([one.next(16) for _ in range(4)]), whole)
    assert one.next(16).shape == (16, 2)


def test_a_batch_larger_than_a_block() -> None:
    assert stream(rows=8).next(100).shape == (100, 2)


def test_looking_at_the_state_changes_nothing() -> None:
    one, other = stream(), stream()
    for _ in range(9):
        one.state_dict()
        assert torch.equal(one.next(10), other.next(10))


@pytest.mark.parametrize("numbers", [1, 2, 64, 512, 10**6])
def test_blocks_are_neither_tiny_nor_huge(numbers: int) -> None:
    assert 1 << 10 <= block_rows(numbers) <= 1 << 14


def test_blocks_of_long_rows_stay_small() -> None:
    """What is drawn beside latents makes rows long; without it blocks are as they have always been."""
    for dim in (1, 2, 64, 200, 512):
        assert block_rows(dim) == block_rows(dim, 0) == min(16384, max(1024, 131072 // dim))
        for beside in (10, 656, 43_600, 10**7):
            rows = block_rows(dim, beside)
            assert 1 <= rows <= block_rows(dim)
            assert rows * (dim + beside) <= 1 << 21 or rows == 1

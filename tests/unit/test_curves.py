"""Curves: nothing lost that a person would see, and every row what NumPy makes of the numbers behind it."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gan_core.runs import curves as curves_module
from gan_core.runs.curves import Curves, Rows

NAN = float("nan")
NUMBERS = st.floats(-1e6, 1e6, width=32) | st.just(NAN)
# How far each step is from the one before (the run goes back where it is below 1), and the values of two series.
STORIES = st.lists(st.tuples(st.integers(-20, 9) | st.integers(1, 3), NUMBERS, NUMBERS), max_size=120)
PLENTY = settings(max_examples=60, deadline=None, database=None)


def tell(story: list[tuple[int, float, float]]) -> list[tuple[int, dict[str, float]]]:
    """The rows of a story: steps from 0 on, and NaN as a value that is missing."""
    step, rows = 0, []
    for by, a, b in story:
        step = max(0, step + by)
        rows.append((step, {name: value for name, value in (("a", a), ("b", b)) if not math.isnan(value)}))
    return rows


class Plain:
    """The same curves as lists of lists of everything that was appended."""

    def __init__(self, max_rows: int) -> None:
        self.max_rows, self.each = max_rows, 1
        self.buckets: list[list[tuple[int, dict[str, float]]]] = []

    def append(self, step: int, row: dict[str, float]) -> None:
        self.buckets = [bucket for bucket in self.buckets if bucket[-1][0] < step]
        if not self.buckets:
            self.each = 1
        if self.buckets and len(self.buckets[-1]) < self.each:
            self.buckets[-1].append((step, row))
            return
        if len(self.buckets) == self.max_rows:
            self.buckets = [self.buckets[i] + self.buckets[i + 1] for i in range(0, self.max_rows, 2)]
            self.each *= 2
        self.buckets.append([(step, row)])

    def values(self, buckets: list[list[tuple[int, dict[str, float]]]], name: str) -> list[float]:
        return [row[name] for bucket in buckets for _, row in bucket if name in row]


def statistics(values: list[float]) -> tuple[float, float, float]:
    return (float(np.min(values)), float(np.mean(values)), float(np.max(values))) if values else (NAN, NAN, NAN)


def assert_rows(rows: Rows, plain: Plain) -> None:
    assert rows.first.tolist() == [bucket[0][0] for bucket in plain.buckets]
    assert rows.last.tolist() == [bucket[-1][0] for bucket in plain.buckets]
    assert rows.size.tolist() == [len(bucket) for bucket in plain.buckets]
    for i, bucket in enumerate(plain.buckets):
        for k, name in enumerate("ab"):
            values = plain.values([bucket], name)
            assert rows.known[i, k] == len(values)
            low, mean, high = statistics(values)
            np.testing.assert_array_equal([rows.low[i, k], rows.high[i, k]], [low, high])
            np.testing.assert_allclose(rows.mean[i, k], mean, rtol=1e-12, atol=1e-8)


@PLENTY
@given(STORIES, st.sampled_from([2, 4, 6, 16, 128]))
def test_every_row_is_what_numpy_makes_of_the_numbers_behind_it(
    story: list[tuple[int, float, float]], max_rows: int
) -> None:
    curves, plain = Curves(("a", "b"), max_rows), Plain(max_rows)
    for step, row in tell(story):
        curves.append(step, row)
        plain.append(step, row)
        assert len(curves) == len(plain.buckets) <= max_rows
    assert_rows(curves.rows(), plain)


@PLENTY
@given(STORIES, st.integers(-3, 200), st.integers(-3, 200), st.integers(1, 12))
def test_a_window(story: list[tuple[int, float, float]], first: int, last: int, points: int) -> None:
    curves, plain = Curves(("a", "b"), 16), Plain(16)
    for step, row in tell(story):
        curves.append(step, row)
        plain.append(step, row)
    inside = [bucket for bucket in plain.buckets if bucket[-1][0] >= first and bucket[0][0] <= last]
    found = curves.window(first, last, points)
    assert len(found.steps) <= points
    assert len(found.steps) == len(inside) or len(inside) > points
    each = max(1, math.ceil(len(inside) / points))
    for i, begin in enumerate(range(0, len(inside), each)):
        group = inside[begin : begin + each]
        assert found.steps[i] == group[-1][-1][0]
        for k, name in enumerate("ab"):
            wanted = statistics(plain.values(group, name))
            got = found.low[i, k], found.mean[i, k], found.high[i, k]
            np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6)


def test_a_narrower_window_shows_more() -> None:
    curves = Curves(("a",))
    for step in range(10_000):
        curves.append(step, {"a": float(step % 2)})
    wide, narrow = curves.window(0, 9_999, 100), curves.window(4_000, 4_099, 100)
    assert (wide.low == 0).all()
    assert (wide.high == 1).all()
    np.testing.assert_array_equal(wide.mean, 0.5)
    assert narrow.steps.tolist() == list(range(4_000, 4_100))
    np.testing.assert_array_equal(narrow.low, narrow.high)
    np.testing.assert_array_equal(narrow.mean[:, 0], np.arange(100) % 2)


def test_a_window_with_nothing_in_it() -> None:
    curves = Curves(("a", "b"))
    for step in (10, 20):
        curves.append(step, {"a": 1.0})
    for first, last in ((11, 19), (30, 40), (0, 5), (20, 10), (-math.inf, 0)):
        assert [len(column) for column in curves.window(first, last)] == [0, 0, 0, 0]
    assert curves.window(-math.inf, math.inf).steps.tolist() == [10, 20]
    assert curves.window(20, 20).mean.shape == (1, 2)


def test_steps_of_a_window_are_whole_numbers_of_any_size() -> None:
    curves = Curves(("a",))
    for step in (2**24 + 1, 2**40 + 1):  # float32 has no such numbers
        curves.append(step, {"a": 1.0})
    assert curves.window(0, 2**50).steps.tolist() == [2**24 + 1, 2**40 + 1]


def test_rows_and_gaps() -> None:
    curves = Curves(("a", "b"))
    curves.append(1, {"a": 2.0})
    curves.append(5, {"b": 3.0, "unknown": 1.0})
    steps, values = curves.decimated()
    assert steps.tolist() == [1, 5]
    assert np.array_equal(values, np.array([[2, np.nan], [np.nan, 3]], np.float32), equal_nan=True)


@pytest.mark.parametrize("value", [math.inf, -math.inf, NAN, 1e300])
def test_what_float32_cannot_hold_is_a_gap(value: float) -> None:
    curves = Curves(("a",))
    curves.append(1, {"a": value})
    curves.append(2, {"a": 1.0})
    assert np.isnan(curves.decimated()[1][0, 0])
    assert curves.rows().known[:, 0].tolist() == [0, 1]


@PLENTY
@given(
    hnp.arrays(np.float32, st.integers(1, 3000), elements=st.floats(-1e6, 1e6, width=32) | st.just(NAN)),
    st.sampled_from([64, 512, 4096]),
)
def test_no_spike_is_lost(series: np.ndarray, max_rows: int) -> None:
    """Not among merged rows either: these keep the lowest and the highest, and only what is between them becomes a mean."""
    curves = Curves(("a",), max_rows)
    for i, value in enumerate(series):
        curves.append(i, {"a": float(value)})
    steps, values = curves.decimated(100)
    assert len(steps) == len(values) <= 100
    assert (np.diff(steps) >= 0).all()
    assert steps[0] == 0
    assert steps[-1] == len(series) - 1
    if not np.isnan(series).all():
        assert np.nanmin(values) == np.nanmin(series)
        assert np.nanmax(values) == np.nanmax(series)
    else:
        assert np.isnan(values).all()


def test_lowest_and_highest_in_the_order_in_which_they_came() -> None:
    curves = Curves(("up", "down"))
    for i in range(1000):
        curves.append(i, {"up": float(i), "down": -float(i)})
    _, values = curves.decimated(20)
    assert (np.diff(values[:, 0]) > 0).all()
    assert (np.diff(values[:, 1]) < 0).all()


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves_module, "MAX_ROWS", 512)
    curves = Curves(("a",))
    for i in range(5000):
        curves.append(i, {"a": float(i)})
    assert len(curves) <= 512
    assert curves.merged == 4
    steps, values = curves.decimated(500)
    assert len(steps) <= 500
    assert (np.diff(steps) >= 0).all()
    assert np.abs(values[:, 0] - steps).max() < 40  # a straight line stays one


def test_rows_are_merged_in_pairs_only() -> None:
    for odd in (0, 1, 7):
        with pytest.raises(ValueError, match="even"):
            Curves(("a",), odd)


def test_merging_keeps_what_is_between_gaps() -> None:
    """A series measured at every other row only is not erased by its neighbours' gaps."""
    curves = Curves(("a",), 512)
    for i in range(2000):
        curves.append(i, {"a": 1.0} if i % 2 else {})
    _, values = curves.decimated()
    assert np.nanmean(values) == pytest.approx(1.0)
    assert float(np.isnan(values).mean()) < 0.6


def test_going_back_removes_what_came_later() -> None:
    curves = Curves(("a",))
    for step in (1, 2, 3, 4, 3):
        curves.append(step, {"a": float(step)})
    assert curves.rows().last.tolist() == [1, 2, 3]
    curves.append(0, {"a": 7.0})
    assert curves.rows().last.tolist() == [0]


def test_what_spans_a_cut_goes_as_a_whole() -> None:
    curves = Curves(("a",), 4)
    for step in range(1, 8):
        curves.append(10 * step, {"a": float(step)})
    assert curves.rows().last.tolist() == [20, 40, 60, 70]
    curves.cut(70)
    assert len(curves) == 4
    curves.cut(59)
    assert curves.rows().last.tolist() == [20, 40]
    curves.cut(0)
    assert len(curves) == 0
    for step in (1, 2, 3, 4):  # there is room again for every one
        curves.append(step, {})
    assert curves.rows().last.tolist() == [1, 2, 3, 4]


def test_rows_added_elsewhere_and_copies() -> None:
    curves = Curves(("a",), 8)
    for step in range(21):
        curves.append(step, {"a": float(step)})
    other, apart = Curves(("a",), 8), curves.copy()
    other.add(curves.rows())
    for step in range(21, 60):
        for each in (curves, other):
            each.append(step, {"a": float(step)})
    for ours, theirs in zip(curves.rows(), other.rows(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert apart.rows().last[-1] == 20
    assert (apart.merged, curves.merged) == (2, 3)


@PLENTY
@given(STORIES, st.sampled_from([2, 4, 16]), st.lists(st.integers(0, 40), max_size=6))
def test_many_rows_added_at_once_are_the_same_to_the_bit(
    story: list[tuple[int, float, float]], max_rows: int, sizes: list[int]
) -> None:
    single, chunked = Curves(("a", "b"), max_rows), Curves(("a", "b"), max_rows)
    alone = Curves(("a", "b"), 1000)
    edges = [0, *np.cumsum(sizes).tolist(), 1000]
    told = tell(story)
    for begin, end in pairwise(edges):
        parts = []
        for step, row in told[begin:end]:
            single.append(step, row)
            alone.cut(-1)
            alone.append(step, row)
            parts.append(alone.rows())
        if parts:
            chunked.add(Rows._make(np.concatenate(column) for column in zip(*parts, strict=True)))
    for ours, theirs in zip(single.rows(), chunked.rows(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert single.merged == chunked.merged

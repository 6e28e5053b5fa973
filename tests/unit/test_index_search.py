"""What the index finds, sorts and pages: against a brute-force model."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import _index
import pytest
from _index import SUMMARY, facts_of, ids, make, run_id

from gan_core import registry
from gan_core.errors import RunError
from gan_core.runs import about
from gan_core.runs.about import About
from gan_core.runs.index import SORTS, Index, Query
from gan_core.runs.listing import STATUSES

opened, table = _index.opened, _index.table  # fixtures

WORDS = [
    "alpha",
    "Beta",
    "100%",
    "under_score",
    "back\\slash",
    "Zoë",
    "数字",
    "it's",
    '"quoted"',
    "β₁",
    "ALPHA2",
    "a%b_c",
]
TAGS = ["baseline", "Class 3", "good", "GOOD-2", "x_y", "100%", "Zoë's"]
SEARCHED = ("dataset", "loss", "penalty", "generator", "discriminator")


class Model:
    """The same runs in lists, found by looking at each."""

    def __init__(self, root: Path, rng: random.Random, count: int) -> None:
        self.runs = [self._make(root, rng, number) for number in range(count)]

    @staticmethod
    def _make(root: Path, rng: random.Random, number: int) -> dict[str, Any]:
        run = run_id(number, rng.choice(["ring", "grid", "digits"]))
        facts = facts_of(run, created=f"2025-01-0{rng.randint(1, 4)}T00:00:00+00:00", status=rng.choice(STATUSES),
                         step=rng.randint(0, 5), seconds=rng.choice([0.0, 1.5, 2.5, 1e9]), owner=rng.choice(["", "a" * 16, "b" * 16]),
                         progress=rng.choice([None, 0.0, 0.5]), images=rng.randint(0, 2**40))  # fmt: skip
        facts["summary"] = SUMMARY | {"dataset": rng.choice(["ring", "grid"]), "loss": rng.choice(["hinge", "minimax"])}
        facts["metrics"] = {
            name: rng.choice([-1.0, 0.0, 0.25, 1e300]) for name in ("quality", "d_loss", "fd") if rng.random() < 0.6
        }
        facts["environment"] = {"device": rng.choice(["cpu", "NVIDIA H200"])}
        for name in ("saved", "step", "seconds", "best", "parent", "metrics"):
            if rng.random() < 0.15:
                del facts[name]
        said = About(" ".join(rng.sample(WORDS, rng.randint(0, 2))), tuple(rng.sample(TAGS, rng.randint(0, 3))),
                     "\n".join(rng.sample(WORDS, rng.randint(0, 3))))  # fmt: skip
        place = rng.choice(["runs", "runs", "trash"])
        folder = make(root, run, facts, said, place)
        (folder / "more").write_bytes(b"x" * rng.randint(0, 3))
        return facts | {"said": said, "place": place, "size": sum(f.stat().st_size for f in folder.iterdir())}

    def find(self, query: Query, held: set[str]) -> list[str]:
        found = [run for run in self.runs if self._matches(run, query, held)]
        found.sort(key=lambda run: run["run"])
        found.sort(key=lambda run: run["created"], reverse=True)
        values = {run["run"]: self._value(run, query.sort, held) for run in found}
        known = [run["run"] for run in found if values[run["run"]] is not None]
        known.sort(key=lambda run: values[run], reverse=query.descending)
        return known + [run["run"] for run in found if values[run["run"]] is None]

    @staticmethod
    def status(run: dict[str, Any], held: set[str]) -> str:
        free = run["run"] not in held or run["place"] == "trash"  # a deleted run is trained by nobody
        killed = run["status"] in ("preparing", "queued", "running") and free
        return "paused" if killed else str(run["status"])

    def _matches(self, run: dict[str, Any], query: Query, held: set[str]) -> bool:
        said = run["said"]
        fields = [run["run"], shown(run), said.notes, *said.tags, run["environment"]["device"],
                  *(run["summary"][name] for name in SEARCHED)]  # fmt: skip
        status = self.status(run, held)
        return (
            (run["place"] == "trash") == query.deleted
            and all(any(word.lower() in text.lower() for text in fields) for word in query.text.split())
            and {tag.lower() for tag in query.tags} <= {tag.lower() for tag in said.tags}
            and query.owner in ("", run["owner"])
            and (
                query.status in ("", status)
                or (query.status == "active" and status in ("preparing", "queued", "running"))
            )
        )

    def _value(self, run: dict[str, Any], sort: str, held: set[str]) -> Any:
        if sort == "name":
            return shown(run).lower()
        if sort == "status":
            return self.status(run, held)
        if sort in ("dataset", "loss", "batch_size"):
            return run["summary"][sort]
        if sort == "device":
            return run["environment"]["device"]
        if sort in ("created", "saved", "step", "images", "seconds", "progress", "size"):
            return run.get(sort)
        return run.get("metrics", {}).get(sort)


def shown(run: dict[str, Any]) -> str:
    """What stands in the table: a run without a name is called after what it learns."""
    return str(run["said"].name or registry.dataset[run["summary"]["dataset"]].title)


def some_query(rng: random.Random) -> Query:
    text = " ".join(rng.choice([*WORDS, *TAGS, "RING", "two", "gaussians", "hinge", "nvidia", "a", "%", "_", "\\", "zOË", "20250102", "none such", ""])
                    for _ in range(rng.choice([0, 0, 0, 0, 1, 1, 2])))  # fmt: skip
    return Query(
        text=text,
        tags=tuple(rng.sample([*TAGS, "good", "GOOD", "oo", "class 3", "%"], rng.choice([0, 0, 0, 1, 2]))),
        status=rng.choice(["", "", "", "active", "dancing", *STATUSES]),
        owner=rng.choice(["", "", "a" * 16, "c" * 16]),
        deleted=rng.random() < 0.3,
        sort=rng.choice(SORTS),
        descending=rng.random() < 0.5,
    )


@pytest.mark.parametrize("seed", range(6))
def test_as_the_model_finds(tmp_path: Path, opened: Callable[..., Index], seed: int) -> None:
    rng = random.Random(seed)
    model = Model(tmp_path, rng, 50)
    held = {run["run"] for run in model.runs if rng.random() < 0.5}
    table = opened(tmp_path, held=lambda run: run in held)
    some = 0
    for _ in range(150):
        query = some_query(rng)
        expected = model.find(query, held)
        assert ids(table, **asdict(query) | {"limit": 100}) == expected, query
        offset, limit = rng.randint(0, 12), rng.randint(0, 12)
        rows, total = table.find(replace(query, offset=offset, limit=limit))
        assert ([row.id for row in rows], total) == (expected[offset : offset + limit], len(expected)), query
        some += bool(expected)
    assert some > 25, "the queries must find something"


@pytest.mark.parametrize("seed", range(3))
def test_sums_are_those_of_the_model(tmp_path: Path, opened: Callable[..., Index], seed: int) -> None:
    rng = random.Random(100 + seed)
    model = Model(tmp_path, rng, 40)
    held = {run["run"] for run in model.runs[::3]}
    table = opened(tmp_path, held=lambda run: run in held)
    there = [run for run in model.runs if run["place"] == "runs"]
    statuses = [model.status(run, held) for run in there]
    assert table.counts() == {status: statuses.count(status) for status in set(statuses)}
    assert table.bytes_used() == sum(run["size"] for run in model.runs)
    for owner in ("", "a" * 16, "nobody"):
        used = [tag for run in there if owner in ("", run["owner"]) for tag in run["said"].tags]
        assert dict(table.tags(owner)) == {tag: used.count(tag) for tag in used}
        assert table.tags(owner) == sorted(table.tags(owner), key=lambda pair: (-pair[1], pair[0].lower()))


def test_tags_in_several_spellings_are_one(tmp_path: Path, table: Index) -> None:
    for number, tag in enumerate(["GAN", "gan", "gan", "Gan", "other"]):
        make(tmp_path, run_id(number), said=About(tags=(tag,)))
    assert table.tags() == [("gan", 4), ("other", 1)]
    assert len(ids(table, tags=("gAn",))) == 4
    assert ids(table, tags=("ga",)) == ids(table, tags=("gan", "other")) == []
    assert len(ids(table, tags=("", " "))) == 5


def test_pages_show_every_run_once(tmp_path: Path, table: Index) -> None:
    for number in range(23):
        make(tmp_path, run_id(number), facts_of(run_id(number), step=number % 3))
    for sort in SORTS:
        pages = [ids(table, sort=sort, offset=offset, limit=5) for offset in range(0, 30, 5)]
        assert [len(page) for page in pages] == [5, 5, 5, 5, 3, 0]
        assert sorted(itertools.chain(*pages)) == sorted(run_id(number) for number in range(23))


def test_strange_pages(tmp_path: Path, table: Index) -> None:
    make(tmp_path, run_id(1))
    for offset, limit, count in (
        (-5, 10, 1),
        (0, -1, 0),
        (0, 0, 0),
        (10**30, 10, 0),
        (0, 10**30, 1),
        (2**63 - 1, 2**63 - 1, 0),
    ):
        rows, total = table.find(Query(offset=offset, limit=limit))
        assert (len(rows), total) == (count, 1)


HOSTILE = ["'", "''", "' OR 1=1 --", "'; DROP TABLE run; --", '"', '"; DELETE FROM run', "%", "_", "\\", "%%%", "a' UNION SELECT 1",
           ")", "(((", "?", "?1", ":a", "$.x", "\x00", "a\x00b", "\ud800", "json_each(1)", "[", "{}", "-- ", "/*", "x" * 100_000,
           " ".join(map(str, range(3000)))]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_people_type_is_only_text(tmp_path: Path, table: Index, text: str) -> None:
    make(tmp_path, run_id(1), said=About("plain"))
    make(tmp_path, run_id(2), said=About(f"with {text}"[:80], (text.replace(",", "")[:30],), text[:300]))
    cleaned = about.read(tmp_path / "runs" / run_id(2))
    if " ".join(text.split()) in cleaned.notes:
        assert ids(table, text=text) == [run_id(2)]
    if text in cleaned.tags:
        assert ids(table, tags=(text,)) == [run_id(2)]
    assert ids(table, status=text) == ids(table, owner=text) == []
    assert table.tags(text) == []
    assert table.get(text) is None
    table.note(text)
    table.live([{"id": text, "status": text, "step": text, "metrics": {text: 1.0}}])
    with pytest.raises(RunError, match="cannot be sorted"):
        table.find(Query(sort=text))
    with pytest.raises(RunError, match="cannot be sorted"):
        table.find(Query(sort=f"quality{text}"))
    assert sorted(ids(table)) == [run_id(1), run_id(2)]


def test_a_sort_that_there_is_not_is_named() -> None:
    with pytest.raises(RunError, match=r"'colour'.*created.*quality") as caught:
        Index(Path("unused")).find(Query(sort="colour"))
    assert str(caught.value) == caught.value.template.format(**caught.value.params)


def test_sorts_cover_metrics_and_curves() -> None:
    assert {"created", "saved", "name", "dataset", "status", "step", "seconds", "size", "quality", "coverage", "modes",
            "reverse_kl", "fd", "d_loss", "g_loss"} <= set(SORTS)  # fmt: skip

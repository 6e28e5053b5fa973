"""The presets do what their texts say: some claims for one seed (all, for several: tests/long/test_teaching_seeds.py), and the texts
themselves."""

from __future__ import annotations

import re

import pytest
from _claims import CLAIMS

from gan_core import config as settings
from gan_core import presets, registry

ENTRIES = registry.preset.entries()
LESSONS = {e.name for e in ENTRIES if e.info["goal"] == "lesson"}
NEVER = ("data.", "seed")  # what versions share: else they could not be compared


# Those whose runs are among the others': a failure that test_diagnosis_runs.py has too, or one more comparison of settings.
SLOW = {"grid", "cycling", "wgan", "label_noise", "vanishing"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in SLOW else ()) for name in CLAIMS]
)
def test_it_does_what_its_text_says(name: str) -> None:
    assert CLAIMS[name](0, False)


def test_each_lesson_has_its_proof() -> None:
    assert LESSONS | {"ring", "grid"} <= set(CLAIMS) <= set(registry.preset)
    assert len(LESSONS | {"ring", "grid"}) >= 12


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_it_says_what_to_see_and_what_to_try(entry: registry.Entry[dict[str, object]]) -> None:
    assert entry.info["goal"] in (*presets.GOALS, "recipe", "translation")
    for text in (entry.help, entry.info["see"], entry.info["try_this"]):
        assert text.endswith(".")
        assert 40 < len(text) < 260
    named = re.findall(r"\*\*(.+?)\*\*", entry.info["try_this"])
    shared = presets.versions(entry.name)
    shown = {
        f.spec.title for f in settings.fields() if any(f.spec.shown_if is None or f.spec.shown_if(c) for c in shared)
    }
    weight = {"Penalty weight"}  # shown as soon as there is a penalty
    choices = {title for f in settings.fields() for title in titles(f.spec.choices)}
    assert named
    assert set(named) & shown
    assert set(named) <= shown | weight | choices


def titles(choices: object) -> list[str]:
    if isinstance(choices, registry.Registry):
        return [e.title for e in choices.entries()]
    return [str(title) for title in choices.values()] if isinstance(choices, dict) else []


@pytest.mark.parametrize("name", list(registry.preset))
def test_versions_differ_and_can_be_compared(name: str) -> None:
    entry, found = registry.preset[name], presets.versions(name)
    if entry.info["page"] != "compare":
        assert found == [presets.load(name)]
        return
    changes = entry.info["versions"]
    assert 2 <= len(found) == len(changes) <= 4
    assert len(set(found)) == len(found)
    assert not any(field.startswith(NEVER) for version in changes for field in version)
    assert all(version.keys() == changes[0].keys() for version in changes), "each says what the others say"
    differing = {field for other in found[1:] for field in settings.differences(found[0], other)}
    assert differing <= set(changes[0])

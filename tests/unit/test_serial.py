"""Settings to dict, JSON, TOML and links, and back; and that garbage from outside is reported, never raised."""

from __future__ import annotations

import json
import tomllib
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from gan_core import presets, registry, serial
from gan_core.config import RunConfig, fields, replace
from gan_core.data import drawing
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.settings import Field

FAST = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    database=None,
)


TEXTS = {
    "data.drawing": ["", drawing.encode(drawing.example())],
    "data.table": ["", "0" * 64],
    "data.pictures": ["", f"{'0' * 32}-3x64-12"],
}


def _value(item: Field) -> st.SearchStrategy[Any]:
    spec = item.spec
    if spec.choices is not None:
        return st.sampled_from(spec.codes)
    if item.type is bool:
        return st.booleans()
    if item.type is float:
        return st.floats(spec.low, spec.high, allow_nan=False)
    if item.type is str:
        return st.sampled_from(TEXTS[item.name])
    assert spec.low is not None
    assert spec.high is not None
    numbers = st.integers(int(spec.low), int(spec.high))
    return st.lists(numbers, max_size=spec.max_length).map(tuple) if item.type is tuple else numbers


@st.composite
def configs(draw: st.DrawFn) -> RunConfig:
    """A valid config in which some settings are random."""
    chosen = draw(st.lists(st.sampled_from(fields()), max_size=12, unique_by=lambda f: f.name))
    changes = {item.name: draw(_value(item)) for item in chosen}
    try:
        return replace(RunConfig(), changes)
    except ConfigError:
        assume(False)
        raise


@FAST
@given(configs())
def test_round_trips(config: RunConfig) -> None:
    assert serial.from_dict(serial.to_dict(config)) == config
    assert serial.from_json(serial.to_json(config)) == config
    assert serial.from_toml(serial.to_toml(config)) == config
    assert serial.from_link(serial.to_link(config)) == (config, [])
    link = serial.to_link(config)
    assert serial.from_link(parse_qs(f"c={quote(link)}")["c"][0]) == (config, [])
    assert link.isascii()
    assert not set(link) & set(" &#<>\"'+")


@pytest.mark.parametrize("name", list(registry.preset))
def test_presets_travel(name: str) -> None:
    config = presets.load(name)
    assert serial.from_link(serial.to_link(config)) == (config, [])
    assert serial.from_toml(serial.to_toml(config)) == config
    assert len(serial.to_link(config)) < 1500


def test_the_files_are_plain() -> None:
    assert json.loads(serial.to_json(RunConfig()))["generator"]["hidden"] == [64, 64, 64]
    assert tomllib.loads(serial.to_toml(RunConfig()))["g_optimizer"]["lr"] == 1e-3
    assert serial.to_link(RunConfig()) == "1"
    assert serial.to_link(replace(RunConfig(), {"loss": "hinge"})) == "1;loss=hinge"


@settings(max_examples=300, deadline=None, database=None)
@given(st.one_of(st.text(), st.text().map("1;".__add__), st.text(alphabet="1;=.,%-abcdlos_0\udc80\x00é")))
@example("1;" + "[" * 3000)
@example("1;seed=" + "9" * 3900)
@example("1;loss=%")
@example("1;loss=%ff%fe")
def test_garbage_in_a_link_never_raises(text: str) -> None:
    config, problems = serial.from_link(text)
    assert isinstance(config, RunConfig)
    assert all(isinstance(p, PlaygroundError) and str(p) for p in problems)


@settings(max_examples=100, deadline=None, database=None)
@given(st.sampled_from(fields()), st.text(max_size=30))
def test_garbage_in_a_field_of_a_link_never_raises(item: Field, text: str) -> None:
    config, problems = serial.from_link("1;loss=hinge;" + quote(f"{item.name}={text}"))
    assert config.loss == "hinge" or item.name == "loss" or ";" in text or problems


def test_wrong_settings_of_a_link_are_reported_and_ignored() -> None:
    config, problems = serial.from_link("1;loss=hinge;batch_size=1;colour=red;seed=5;generator.hidden=16,x")
    assert (config.loss, config.seed, config.batch_size) == ("hinge", 5, 256)
    assert len(problems) == 3
    for word in ("batch_size", "colour", "generator.hidden"):
        assert any(word in str(p) for p in problems)


def test_settings_of_a_link_that_do_not_go_together() -> None:
    """One of them is left out, and those that only go together with each other are kept, in whatever order they come."""
    config, problems = serial.from_link("1;discriminator.norm=batch;penalty=none;batch_size=10;accumulation=3")
    assert (config.discriminator.norm, config.penalty) == ("batch", "none")
    assert len(problems) == 1
    assert "accumulation" in str(problems[0])


@pytest.mark.parametrize("text", ["", "2;loss=hinge", "loss=hinge", "1x;loss=hinge", "1;" + "a" * 9000])
def test_links_of_other_versions(text: str) -> None:
    config, problems = serial.from_link(text)
    assert config == RunConfig()
    assert len(problems) == 1


def test_markup_in_a_link_stays_quoted_text() -> None:
    _, problems = serial.from_link(quote("1;<b>=1;loss=<script>alert(1)</script>"))
    assert len(problems) == 2
    assert "'<b>'" in str(problems[0])
    assert "'<script>alert(1)</script>'" in str(problems[1])


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "null", "{", '{"loss": 1}', '{"generator": 3}', '{"generator": {"hidden": {"a": 1}}}', '{"": 1}',
             '{"seed": NaN}', '{"seed": 1e400}', "[" * 100_000, '{"a":' * 50_000, "\x00", '{"generator": {"hidden": "' + "9" * 5000 + '"}}'],
)  # fmt: skip
def test_wrong_json(text: str) -> None:
    with pytest.raises(ConfigError):
        serial.from_json(text)


@pytest.mark.parametrize(
    "text", ["=", "loss = 1", "[generator]\nhidden = 'x'", "seed = nan", "loss = ['hinge']", "generator = 3", "x = 1979-05-27",
             "seed = 1979-05-27", "a = " + "[" * 50_000, "\x00", "[[generator]]\nwidth = 4"],
)  # fmt: skip
def test_wrong_toml(text: str) -> None:
    with pytest.raises(ConfigError):
        serial.from_toml(text)


def test_what_is_left_out_keeps_its_default() -> None:
    assert serial.from_dict({}) == RunConfig()
    assert serial.from_toml("[generator]\nhidden = [16, 16]").generator.hidden == (16, 16)


def test_a_link_whose_settings_do_not_go_together_says_why_and_not_how_each_lacks_the_other() -> None:
    unlabelled = f"data.name=pictures;data.pictures={'0' * 32}-3x32-0;data.image_size=32"
    config, problems = serial.from_link(
        f"1;{unlabelled};generator.conditioning=concat;discriminator.conditioning=concat;seed=5"
    )
    assert (config.data.name, config.generator.conditioning, config.seed) == ("pictures", "none", 5)
    assert [str(problem).split(".")[0] for problem in problems] == ["data", "Left out of the settings of this link: generator"]  # fmt: skip
    assert "has no labels" in str(problems[0])
    assert "edges" not in str(problems[0])  # those are for translation

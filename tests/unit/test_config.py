"""Every setting: its default, its bounds, and that what is wrong is said with the field, the value and what is allowed."""

from __future__ import annotations

import dataclasses

import pytest

from gan_core import registry
from gan_core.config import GROUPS, RunConfig, differences, field, fields, get, replace
from gan_core.errors import ConfigError
from gan_core.settings import Field

FIELDS = fields()
NUMBERS = [f for f in FIELDS if f.spec.choices is None and f.type in (int, float, tuple)]
CHOICES = [f for f in FIELDS if f.spec.choices is not None]


def ids(found: Field) -> str:
    return found.name


def refused(item: Field, value: object) -> str:
    """The message for a value that is not allowed; it names the field, the value and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        replace(RunConfig(), {item.name: value})
    text = str(caught.value)
    assert item.name in text
    assert item.allowed in text
    assert repr(value)[:20] in text
    assert str(caught.value) == caught.value.template.format(**caught.value.params)
    return text


@pytest.mark.parametrize("item", FIELDS, ids=ids)
def test_defaults_are_valid(item: Field) -> None:
    assert item.parse(item.default) == item.default
    assert type(item.parse(item.default)) is item.type
    assert get(RunConfig(), item.name) == item.default


@pytest.mark.parametrize("item", FIELDS, ids=ids)
def test_words_and_groups(item: Field) -> None:
    assert item.spec.title
    assert item.spec.help.endswith((".", "!"))
    assert item.spec.more.endswith((".", "!"))
    assert item.spec.group in GROUPS
    assert field(item.name) is item
    assert item.spec.shown_if is None or isinstance(item.spec.shown_if(RunConfig()), bool)


def _beyond(item: Field, bound: float, sign: int) -> object:
    step = 1 if item.type in (int, tuple) else max(abs(bound), 1e-3) * 1e-3
    value = bound + sign * step
    return (int(value),) if item.type is tuple else int(value) if item.type is int else value


@pytest.mark.parametrize("item", NUMBERS, ids=ids)
def test_bounds(item: Field) -> None:
    """The bounds themselves are allowed, the next numbers beyond them are not."""
    assert item.spec.low is not None
    assert item.spec.high is not None
    for bound, sign in ((item.spec.low, -1), (item.spec.high, 1)):
        inside = (int(bound),) if item.type is tuple else item.type(bound)
        assert item.parse(inside) == inside
        refused(item, _beyond(item, bound, sign))


NO_NUMBERS = ("", "abc", "1e999", "nan", "-inf", "0x10", None, [], {}, True, [[1]], "1;2", float("nan"))


@pytest.mark.parametrize("item", NUMBERS, ids=ids)
def test_no_number(item: Field) -> None:
    for value in NO_NUMBERS:
        if item.type is tuple and value in ("", []):
            assert item.parse(value) == ()  # no hidden layer: a linear map
        else:
            refused(item, value)


@pytest.mark.parametrize("item", [f for f in FIELDS if f.type is int and f.spec.choices is None], ids=ids)
def test_whole_numbers(item: Field) -> None:
    refused(item, "1.5")
    refused(item, 1.5)
    assert item.parse(float(item.default)) == item.default  # as JSON may have it


@pytest.mark.parametrize("item", CHOICES, ids=ids)
def test_choices(item: Field) -> None:
    for code in item.spec.codes:
        assert item.parse(code) == code
        assert item.parse(str(code)) == code or item.type is not int
    for wrong in ("no such thing", "", None, 3.5, [1], "<b>x</b>"):
        refused(item, wrong)


@pytest.mark.parametrize("item", [f for f in FIELDS if f.type is bool], ids=ids)
def test_switches(item: Field) -> None:
    assert [item.parse(text) for text in ("true", "ON", "1", "False", "off", 0)] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    refused(item, "maybe")
    refused(item, None)


def test_hidden_layers() -> None:
    hidden = field("generator.hidden")
    assert hidden.parse("16,16") == hidden.parse([16, 16]) == hidden.parse(" 16, 16 ,") == (16, 16)
    assert hidden.parse(16) == (16,)
    refused(hidden, ",".join(["4"] * (hidden.spec.max_length + 1)))


@pytest.mark.parametrize(
    "name", ["losss", "generator", "generator.", "data.nam", "", "__class__", "seed.x", "<script>"]
)
def test_unknown_names(name: str) -> None:
    with pytest.raises(ConfigError, match="no setting called"):
        replace(RunConfig(), {name: 1})


def test_near_names_are_proposed() -> None:
    with pytest.raises(ConfigError, match=r"generator\.hidden"):
        replace(RunConfig(), {"generator.hiden": (3,)})


def test_a_config_made_without_parsing_is_checked_as_well() -> None:
    with pytest.raises(ConfigError, match="batch_size"):
        RunConfig(batch_size=1)
    with pytest.raises(ConfigError, match="penalty_weight"):
        dataclasses.replace(RunConfig(), penalty_weight=1)  # an int where a float belongs
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"k_d": 0, "k_g": 0}, ("k_d", "k_g", "0")),
        ({"batch_size": 10, "accumulation": 3}, ("batch_size", "10", "3")),
        ({"loss": "hinge", "label_smoothing": 0.1}, ("label_smoothing", "hinge", "non_saturating")),
        ({"data.name": "ring", "generator.network": "dcgan"}, ("generator.network", "dcgan", "ring", "mlp")),
        ({"data.name": "ring", "discriminator.network": "dcgan"}, ("discriminator.network", "dcgan", "mlp")),
        ({"data.name": "digits", "data.image_size": 128}, ("data.image_size", "128", "digits", "28")),
        ({"penalty": "r1", "discriminator.norm": "batch"}, ("r1", "batch", "layer")),
        (
            {"penalty": "none", "generator.norm": "batch", "batch_size": 4, "accumulation": 4},
            ("batch_size", "accumulation", "batch"),
        ),
    ],
)
def test_settings_that_do_not_go_together(changes: dict[str, object], words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        replace(RunConfig(), changes)
    assert all(word in str(caught.value) for word in words)


def test_changes_are_applied_together() -> None:
    """Two changes that are fine together, each of them wrong alone."""
    changed = replace(RunConfig(), {"discriminator.norm": "batch", "penalty": "none"})
    assert differences(RunConfig(), changed) == {"discriminator.norm": ("none", "batch"), "penalty": ("r1_r2", "none")}


def test_markup_in_a_value_is_only_quoted_text() -> None:
    with pytest.raises(ConfigError) as caught:
        replace(RunConfig(), {"loss": "<script>alert(1)</script>{0}{loss}%s"})
    assert "'<script>alert(1)</script>" in str(caught.value)


def test_long_values_are_cut() -> None:
    with pytest.raises(ConfigError) as caught:
        replace(RunConfig(), {"loss": "x" * 10_000})
    assert len(str(caught.value)) < 400


def test_choices_are_the_registries() -> None:
    assert field("loss").spec.codes == list(registry.loss)
    assert field("data.name").spec.codes == list(registry.dataset)
    assert {field("loss").spec.choices, field("penalty").spec.choices} == {registry.loss, registry.penalty}

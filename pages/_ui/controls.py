"""Controls made from the settings' own metadata: one widget a setting, grouped, the basic ones open, the rest folded."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from gan_core import config as settings
from gan_core import data as data_sets
from gan_core import registry, zoo
from gan_core.checks import playing
from gan_core.config import GROUPS, RunConfig
from gan_core.data import parameters
from gan_core.errors import ConfigError
from gan_core.registry import Registry
from gan_core.settings import Field
from gan_core.speech import Speech
from gan_core.text import beside, told
from pages._ui.failures import plain
from pages._ui.i18n import language, translate
from pages._ui.mirrored import current, mirrored

Translate = Callable[[str], str]
Changed = Callable[[str], None] | None  # None: the setting is locked
Apply = Callable[[dict[str, Any]], None]  # new values by dotted name; raises ConfigError and changes nothing

_SERIES = (1, 2, 5)  # steps of a control that moves in powers of ten


@dataclass(frozen=True)
class Controls:
    """Where the controls of one page keep their widgets, and what a new value does."""

    page: str
    config: RunConfig
    apply: Apply
    hidden: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()  # shown, and kept as they are by the link that the visitor came by
    extras: Mapping[str, Callable[[], None]] = dataclasses.field(
        default_factory=dict
    )  # what else is drawn in a group, by its name
    own: Callable[[str], str] = lambda name: ""  # what was drawn or imported last

    def draw(self) -> None:
        """All groups, in the order of the settings."""
        _ = translate()
        shown = [f for f in settings.fields() if f.name not in self.hidden and _means_something(f, self.config)]
        for group, title in GROUPS.items():
            title = registry.method[self.config.method].value.groups.get(group, title)
            members = [f for f in shown if f.spec.group == group]
            basic = [f for f in members if f.spec.basic]
            rest = [f for f in members if not f.spec.basic]
            if basic:
                st.markdown(f"**{_(title)}**")
            for field in basic:
                self._control(field, _)
            if group in self.extras:
                self.extras[group]()
            if rest:
                label = _("More: {group}").format(group=_(title)) if basic else _(title)
                # The server keeps whether it is open: the browser forgets when a control above it comes or goes.
                with st.expander(label, key=f"{self.page}.more.{group}", on_change="rerun"):
                    for field in rest:
                        self._control(field, _)
                    self._way_back(group, _)

    def one(self, name: str) -> None:
        """The control of a single setting."""
        self._control(settings.field(name), translate())

    def means_something(self, name: str) -> bool:
        """Whether a setting has any effect beside the others as they are."""
        return _means_something(settings.field(name), self.config)

    def _control(self, field: Field, _: Translate) -> None:
        name = f"{self.page}:{field.name}"
        key = mirrored(name, _shown(field, effective(field, self.config)))  # the run or the draft is the truth
        changed = None if field.name in self.locked else self._changed
        _WIDGETS[_kind(field)](field, self.config, label(field, self.config, _), key, changed, _)
        if problem := st.session_state.pop(f"{name}!", None):
            st.error(plain(told(problem, _)), icon=":material/error:")

    def _way_back(self, group: str, _: Translate) -> None:
        """To the values that the data set has of itself."""
        changed = [name for name in parameters.of(self.config.data.name) if getattr(self.config.data, name)]
        if group != "data" or not changed:
            return
        st.button(
            _("The set's own values"), icon=":material/undo:", key=f"{self.page}.own-values", width="stretch",
            on_click=self.apply, args=({f"data.{name}": 0 for name in changed},),
        )  # fmt: skip

    def _changed(self, name: str) -> None:
        """A widget has a new value (Streamlit's callback, before the script runs)."""
        key = f"{self.page}:{name}"
        try:
            changes = _with_companions(self.config, name, st.session_state[current(key)], self.own)
            self.apply({n: value for n, value in changes.items() if n == name or n not in self.locked | self.hidden})
        except ConfigError as error:
            st.session_state[f"{key}!"] = error


def _with_companions(config: RunConfig, name: str, value: Any, own: Callable[[str], str]) -> dict[str, Any]:
    """A new penalty comes with its own usual weight; a new data set with a size that can draw it and parameters of its own, and what
    was drawn or imported last comes back with its set. A parameter at the set's own value is not set at all."""
    changes = {name: value}
    if settings.field(name).spec.own and value == parameters.of(config.data.name)[name.split(".")[1]].own:
        changes[name] = 0
    if name == "penalty" and registry.penalty[value].info["weight"]:
        changes["penalty_weight"] = registry.penalty[value].info["weight"]
    if name == "method":
        changes |= registry.method[value].value.needs
        if registry.method[value].value.cycles:
            changes |= _cycled(config, data_sets.info_of(config.data))
    if name == "loss" and not registry.loss[value].info["targets"]:
        changes["label_smoothing"] = 0.0
    if name == "data.name":
        changes = new_data(config, value, own(value))
    return changes


def new_data(config: RunConfig, name: str, own: str = "") -> dict[str, Any]:
    """What to change for the data set `name` (with what was drawn or imported for it, `own`): a size that it can have, and no classes for
    players that would be told of them where it has none."""
    changes, holder = plain_data(name), f"data.{'pictures' if registry.dataset[name].info.get('imported') else name}"
    changes |= {holder: own} if holder in changes else {}
    info = data_sets.info_of(
        dataclasses.replace(config.data, **{n.removeprefix("data."): value for n, value in changes.items()})
    )
    if info["kind"] == "pairs":
        changes |= _paired(config, info)
    if info["kind"] != "points" and config.data.image_size not in info["sizes"]:
        changes["data.image_size"] = info.get("native", info["sizes"][0])
    if not info.get("classes"):
        told = ("generator.conditioning", "discriminator.conditioning")
        changes |= {n: "none" for n in told if settings.get(config, n) != "none"}
    return changes


def _paired(config: RunConfig, info: Mapping[str, Any]) -> dict[str, Any]:
    """What to change for pictures that are translated: a method that can learn from them, and nothing that they cannot be held to."""
    method = next(e.name for e in registry.method.entries() if e.value.cycles)
    if config.cycles or not info["together"]:
        return ({} if config.cycles else {"method": method}) | _cycled(config, info)
    return {}


def _cycled(config: RunConfig, info: Mapping[str, Any]) -> dict[str, Any]:
    """What goes with two of each player: a memory that a batch fits into, or none; and identity only where both kinds have as many channels."""
    most = settings.field("history").spec.high or 0
    fits = config.batch_size <= most
    kept = {"history": max(config.history, config.batch_size) if fits else 0} if config.history else {}
    return kept | ({"identity_weight": 0.0} if info["given"] != info["channels"] else {})


def plain_data(name: str) -> dict[str, Any]:
    """Settings of the data set `name` as it comes: every parameter its own, nothing drawn or imported."""
    fields = [f for f in settings.fields() if f.name.startswith("data.") and (f.spec.own or f.spec.valid is not None)]
    return {f.name: f.default for f in fields} | {"data.name": name}


def effective(field: Field, config: RunConfig) -> Any:
    """The value of a setting, where 0 means the data set's own: that."""
    if field.spec.own and _means_something(field, config):
        return parameters.effective(config.data, field.name.split(".")[1])
    return settings.get(config, field.name)


def _means_something(field: Field, config: RunConfig) -> bool:
    return field.spec.shown_if is None or bool(field.spec.shown_if(config))


def label(field: Field, config: RunConfig, _: Translate) -> str:
    """The title of a setting with its unit; a penalty's weight is called by its own symbol."""
    said = registry.method[config.method].value.words.get(field.name)
    title = _(said[0] if said else field.spec.title)
    if field.name == "penalty_weight":
        symbol = registry.penalty[config.penalty].info["symbol"]
        return f"{title} {symbol}"
    return beside(title, _(field.spec.unit), _) if field.spec.unit else title


def full_title(field: Field, _: Translate) -> str:
    """The title of a setting outside its group: "Generator: Hidden layers" where the discriminator has some too."""
    return Speech(_).title(field)


def code_title(field: Field, code: Any, _: Translate) -> str:
    """The translated label of one of a setting's codes."""
    return Speech(_).code(field, code)


def value_text(field: Field, value: Any, _: Translate) -> str:
    """A setting's value as people write it."""
    return Speech(_, language()).value(field, value)


def _kind(field: Field) -> str:
    spec = field.spec
    if spec.choices is not None:
        return "choice"
    if field.type is bool:
        return "switch"
    if field.type in (tuple, str):
        return "text"
    if spec.own:
        return "parameter"
    if spec.log:
        return "powers"
    return "slider" if (field.type is float and (spec.high or 0) <= 1) or (spec.high or 0) <= 10 else "number"


def _shown(field: Field, value: Any) -> Any:
    return ",".join(map(str, value)) if field.type is tuple else value


def _choices(field: Field, config: RunConfig) -> list[Any]:
    """The codes that this page offers: data sets and networks of the run's own kind only."""
    spec, kind = field.spec, config.kind
    if spec.choices is registry.dataset:
        return [e.name for e in registry.dataset.entries() if e.info["kind"] == kind]
    if spec.choices is registry.network:
        return playing(field.name.split(".")[0], kind)
    if spec.choices is registry.method:
        return [e.name for e in registry.method.entries() if kind in e.value.kinds]
    if field.name == "data.image_size":
        return list(data_sets.info_of(config.data)["sizes"])
    return spec.codes


def help_text(field: Field, config: RunConfig, _: Translate) -> str:
    """What a control says when asked: its help, the longer explanation, what the present choice is, its name in commands."""
    spec = field.spec
    said = registry.method[config.method].value.words.get(field.name)
    parts = [_(text) for text in (said[1:] if said else (spec.help, spec.more)) if text]
    if isinstance(spec.choices, Registry):
        entry = spec.choices[settings.get(config, field.name)]
        parts.append(f"**{_(entry.title)}**: {_(entry.help)}" + (f" ({entry.paper})" if entry.paper else ""))
        if address := zoo.address_of(spec.choices, entry.name):
            parts.append(f"[{_('In the zoo')}](zoo?entry={address})")
        info = data_sets.info_of(config.data) if spec.choices is registry.dataset else entry.info
        parts.append(_(info.get("licence", "")))
    if spec.own:
        own = parameters.of(config.data.name)[field.name.split(".")[1]].own
        parts.append(_("Of its own, this set has {value}.").format(value=f"{own:g}"))
    if not spec.live:
        parts.append(_("Changing this starts a new run."))
    return "\n\n".join(part for part in [*parts, f"`{field.name}`"] if part)


def _common(field: Field, config: RunConfig, changed: Changed, _: Translate) -> dict[str, Any]:
    """What all widgets have: help and what a change does, or that there is none."""
    said = help_text(field, config, _)
    if changed is None:
        locked = _("**Locked** by whoever made the link that you came by.")
        return {"help": f"{locked}\n\n{said}", "disabled": True}
    return {"help": said, "on_change": changed, "args": (field.name,)}


def _choice(field: Field, config: RunConfig, title: str, key: str, changed: Changed, _: Translate) -> None:
    def said(code: Any) -> str:
        return _way(config, code, _) if field.name == "data.direction" else code_title(field, code, _)

    st.selectbox(title, _choices(field, config), format_func=said, key=key,
                 **_common(field, config, changed, _))  # fmt: skip


def _way(config: RunConfig, direction: str, _: Translate) -> str:
    """A direction by the names of what goes in and of what comes out."""
    info = data_sets.info_of(dataclasses.replace(config.data, direction=direction))
    return " → ".join(_(title) for title in info["titles"])


def _switch(field: Field, config: RunConfig, title: str, key: str, changed: Changed, _: Translate) -> None:
    st.toggle(title, key=key, **_common(field, config, changed, _))


def _text(field: Field, config: RunConfig, title: str, key: str, changed: Changed, _: Translate) -> None:
    st.text_input(title, key=key, max_chars=80, **_common(field, config, changed, _))


def _powers(field: Field, config: RunConfig, title: str, key: str, changed: Changed, _: Translate) -> None:
    value = settings.get(config, field.name)
    options = sorted({*power_series(field), value})
    st.select_slider(title, options, format_func=lambda v: value_text(field, v, _), key=key,
                     **_common(field, config, changed, _))  # fmt: skip


def power_series(field: Field) -> list[float]:
    """1, 2, 5, 10, 20, 50 … within the field's range; with 0 first where 0 means off."""
    low, high = field.spec.low or 1e-4, field.spec.high or 1.0
    if field.spec.zero_off:
        low = 1.0 if field.type is int else 100.0 if high > 1e6 else 1e-5
    series = [float(f"{m}e{e}") for e in range(-8, 10) for m in _SERIES]
    inside = [v for v in series if low <= v <= min(high, 1e7)]
    return [0.0, *inside] if field.spec.zero_off else inside


def _slider(field: Field, config: RunConfig, title: str, key: str, changed: Changed, _: Translate) -> None:
    spec = field.spec
    assert spec.low is not None
    assert spec.high is not None
    whole = field.type is int
    fine = 0.001 if spec.high <= 1 else 0.01
    low, high, step = (int(spec.low), int(spec.high), 1) if whole else (spec.low, spec.high, fine)
    st.slider(title, low, high, step=step, format=None if whole else "%.4g", key=key,
              **_common(field, config, changed, _))  # fmt: skip


def _number(field: Field, config: RunConfig, title: str, key: str, changed: Changed, _: Translate) -> None:
    spec, whole = field.spec, field.type is int
    assert spec.low is not None
    assert spec.high is not None
    low, high, step = (int(spec.low), int(spec.high), 1) if whole else (float(spec.low), float(spec.high), 0.1)
    st.number_input(title, low, high, step=step, format=None if whole else "%.4g", key=key,
                    **_common(field, config, changed, _))  # fmt: skip


def _parameter(
    field: Field, config: RunConfig, title: str, key: str, changed: Callable[[str], None], _: Translate
) -> None:
    """In the range of the data set, which is narrower than what the setting allows."""
    known = parameters.of(config.data.name)[field.name.split(".")[1]]
    whole = field.type is int
    low, high, step = (
        (int(known.low), int(known.high), int(known.step)) if whole else (known.low, known.high, known.step)
    )
    st.slider(title, low, high, step=step, format=None if whole else "%.4g", key=key,
              help=help_text(field, config, _), on_change=changed, args=(field.name,))  # fmt: skip


_WIDGETS: dict[str, Callable[..., None]] = {
    "choice": _choice, "switch": _switch, "text": _text, "powers": _powers, "slider": _slider, "number": _number,
    "parameter": _parameter,
}  # fmt: skip

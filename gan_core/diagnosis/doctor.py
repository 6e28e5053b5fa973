"""Doctor: reads the conditions of one run as it is looked at, calmly: what holds must hold for a while, and goes away slowly."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from gan_core import registry
from gan_core.config import RunConfig, differences
from gan_core.diagnosis import picture_signs, signs, treatments
from gan_core.diagnosis.findings import Evidence, Finding
from gan_core.diagnosis.past import Look, Past, Window, moves
from gan_core.diagnosis.places import Places

HARMLESS = frozenset({"horizon", "engine", "ema_half_life", "ema_ramp", "ema_first", "generator.truncation", "accumulation", "schedule", "lr_final", "penalty_final",
                      "noise_final"})  # fmt: skip
_TWICE = 2  # looks in a row at which a sign must be seen
_CALM_LOOKS, _CALM_STEPS = 8, 600  # without it, before a finding goes
_CALM_READINGS = 4  # of what is read off pictures, which is looked at more rarely
_TIME_TO_WORK = 1200  # steps that a change is given before another one is proposed
_WELL, _AGAIN = (16, 900), (6, 300)  # looks and steps to see, before a run is called healthy, or healthy again
_YOUNG = 500  # steps in which every run looks bad
SIGNS = sorted(
    (entry for entry in registry.condition.entries() if entry.name not in signs.UNTROUBLED),
    key=lambda entry: entry.value.__module__ == picture_signs.__name__,  # what only pictures have comes last
)
_VAGUEST = "standstill"  # said only where nothing else is
# What says more than others of the same trouble.
_MASKS = {
    "vanishing_gradients": ("critic_overpowering", "divergence"), "divergence": ("cycling", "critic_blind", "critic_overpowering"),
    "cycling": ("mode_collapse", "lost_modes", "critic_blind"), "mode_collapse": ("lost_modes",),
}  # fmt: skip


@dataclass
class _Case:
    """What is known of one condition of this run."""

    seen: int = 0  # looks in a row with its sign
    since: int = 0
    evidence: Evidence = dataclasses.field(default_factory=Evidence)
    holds: bool = False
    without: int = 0  # looks in a row without it
    last: int = 0  # the step it was seen at
    treated: bool = False  # settings were changed while it held


class Doctor:
    """`see` every look at a run; `findings` says what is wrong with it now. Not thread-safe; draws no random numbers."""

    def __init__(self, config: RunConfig, places: Places | None = None) -> None:
        self.config = config
        self._past = Past(config, places)
        self._cases = {entry.name: _Case() for entry in SIGNS}
        self._well_since: int | None = None
        self._ill_until = 0
        self._fitting: int | None = None  # the batch that would fit, once memory has run out
        self._fresh = False  # whether pictures were read since they were last judged
        self._changed: int | None = None  # the step of the last change that matters
        self._first: int | None = None
        self.findings: tuple[Finding, ...] = (self._untroubled(Look(0)),)

    def see(self, look: Look, config: RunConfig) -> tuple[Finding, ...]:
        """The findings with this look. Those before it stay as they are when it is at nearly the same step."""
        if config != self.config:
            self._take(config, look.step)
        if self._first is None or look.step < self._first:
            self._first = look.step
        self._fresh |= look.reading is not None
        if self._past.add(look):
            self._judge(look)
            self._fresh = False
        self._conclude(look)
        return self.findings

    def change(self, config: RunConfig, step: int, images: int) -> tuple[Finding, ...]:
        """The findings once the settings are these, from this step on."""
        if config != self.config:
            self._take(config, step)
        self._conclude(Look(step, images))
        return self.findings

    def blew_up(self, step: int, good: int, config: RunConfig) -> tuple[Finding, ...]:
        """The run stopped being numbers near `step`, and went back to step `good` and these settings."""
        self.config = config
        self._past.settings(config, restart=True, rescale=False)
        for case in self._cases.values():
            case.seen, case.holds = 0, False
        self._changed, self._well_since, self._ill_until = None, None, good
        self._cases["divergence"] = _Case(0, step, Evidence(signs.BLEW_UP, {"step": step}), True, 0, good)
        self._conclude(Look(good))
        return self.findings

    def ran_out(self, step: int, good: int, config: RunConfig, fitting: int | None) -> tuple[Finding, ...]:
        """Memory ran out near `step`, and the run went back to step `good` and these settings. fitting: a batch size that should fit."""
        self.change(config, good, 0)
        self._fitting = fitting
        self._cases["out_of_memory"] = _Case(0, step, Evidence(signs.RAN_OUT, {"step": step}), True, 0, good)
        self._conclude(Look(good))
        return self.findings

    def _take(self, config: RunConfig, step: int) -> None:
        changed = differences(self.config, config)
        matters = any(name not in HARMLESS for name in changed)
        self.config = config
        if {"batch_size", "accumulation"} & set(changed):
            self._cases["out_of_memory"].holds = False  # another batch needs other memory
        self._past.settings(config, restart=matters, rescale="loss" in changed)
        if matters:
            self._changed = step
            for case in self._cases.values():
                case.seen, case.treated = 0, case.holds

    def _judge(self, look: Look) -> None:
        for entry in SIGNS:
            case, info = self._cases[entry.name], entry.info
            if not self._applies(info) or look.step < _YOUNG:
                case.seen, case.holds = 0, case.holds and not info["plays"]
                continue
            window = self._window(info)
            if window is None:
                continue  # not known: what held goes on
            evidence = None if info["moves"] and not window.moves else entry.value(window)
            _note(case, evidence, look.step, window.since, _CALM_READINGS if self._reads(info) else _CALM_LOOKS)

    def _window(self, info: Any) -> Window | None:
        """The looks that a sign is read from; None where they are too few, or none is new."""
        if not self._reads(info):
            return self._past.window(info["looks"], info["steps"])
        return self._past.window(info["reads"], info["steps"], read=True) if self._fresh else None

    def _reads(self, info: Any) -> bool:
        """Whether the sign is read off pictures."""
        return self._past.places is None and bool(info.get("reads"))

    def _applies(self, info: Any) -> bool:
        if self.config.translates:  # nothing of how samples lie: each is told what to be
            return False
        if not self.config.adversarial:  # what can go wrong between two players cannot where there is no game
            return not info["plays"]
        return not ("g" in info["plays"] and not self.config.k_g) and not ("d" in info["plays"] and not self.config.k_d)

    def _conclude(self, look: Look) -> None:
        held = {name: case for name, case in self._cases.items() if case.holds}
        masked = {other for name in held for other in _MASKS.get(name, ())} | ({_VAGUEST} if len(held) > 1 else set())
        found = [self._finding(name, case, look) for name, case in held.items() if name not in masked]
        if found:
            self._well_since, self._ill_until = None, max(case.last for case in held.values())
        self.findings = tuple(found) or (self._untroubled(look),)

    def _finding(self, name: str, case: _Case, look: Look) -> Finding:
        if name == "out_of_memory":
            return Finding(name, case.since, case.evidence, *treatments.smaller_batch(self.config, self._fitting))
        remedy, advice = treatments.proposed(name, self.config)
        if self._changed is not None and look.step - self._changed < _TIME_TO_WORK and case.treated:
            remedy, advice = {}, Evidence(treatments.WAIT, {"step": self._changed})
        elif registry.condition[name].info["plays"] and not moves(self.config, look.images):
            remedy, advice = {}, Evidence(treatments.OVER)
        return Finding(name, case.since, case.evidence, remedy, advice)

    def _untroubled(self, look: Look) -> Finding:
        if self.config.translates:
            return Finding("translating", self._first or 0, Evidence(signs.TRANSLATES))
        if not self.config.adversarial:
            return Finding("no_game", self._first or 0, Evidence(signs.NO_JUDGE))
        if not (self.config.k_g and self.config.k_d):
            return Finding("resting", self._changed or 0, Evidence(signs.D_RESTS if self.config.k_g else signs.G_RESTS))
        if self._well_since is None or look.step < self._well_since:
            known = look.step >= _YOUNG and self._past.window(*(_AGAIN if self._ill_until else _WELL))
            if not known:
                return Finding("early", self._first or 0, Evidence(signs.WAITS))
            self._well_since = self._ill_until or known.since
        return Finding("healthy", self._well_since, Evidence(signs.NO_SIGN, {"step": self._well_since}))


def _note(case: _Case, evidence: Evidence | None, step: int, since: int, calm: int) -> None:
    """One look with the sign, or without it; after `calm` of these it goes."""
    if evidence is None:
        case.seen, case.without = 0, case.without + 1
        if case.holds and case.without >= calm and step - case.last >= _CALM_STEPS:
            case.holds = False
        return
    if not case.holds and not case.seen:
        case.since = since
    case.seen, case.without, case.last, case.evidence = case.seen + 1, 0, step, evidence
    if not case.holds and case.seen >= _TWICE:
        case.holds, case.treated = True, False

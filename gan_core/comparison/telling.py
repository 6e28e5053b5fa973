"""What a comparison says in words: what an entry is, which is better, and whether that may be luck."""

from __future__ import annotations

from collections.abc import Sequence

from gan_core.comparison import figures, luck
from gan_core.comparison.differing import Course, differing
from gan_core.comparison.entries import Entry
from gan_core.comparison.lines import AXES
from gan_core.comparison.luck import Verdict
from gan_core.runs import words
from gan_core.settings import Field
from gan_core.speech import Speech
from gan_core.text import N_, joined, listed, pair

NAMED = 3  # settings by which an entry is called
LATER = N_(", from step {step}: {value}")
BETTER = N_("{title}: {best} {a}, {other} {b}.")
UNKNOWN = N_(
    "The difference is {gap}, from one seed on at least one side: nobody can tell it from luck. Run both again with other seeds."
)
BEYOND = N_("The difference, {gap}, is larger than what seeds alone make ({confidence} interval: {low} to {high}).")
WITHIN = N_("The difference, {gap}, is not larger than what seeds alone make (± {reach}): it may be luck.")
POINTS = N_("{n} points")
WHERE = N_("At {axis} {place}, where all have come to; between two measurements in proportion.")
SAMPLES = N_("From {n} samples each time.")
FLOOR = N_("A perfect generator would score about {floor}.")
SEED, SEEDS = N_("seed {seeds}"), N_("seeds {seeds}")
TABLE_NOTE = N_(
    "Mean ± one standard deviation over the seeds; ↑ higher is better, ↓ lower is better; the best in bold."
)
NOTHING_DIFFERS = N_("None: these runs differ in nothing but chance.")


def course(speech: Speech, field: Field, told: Course) -> str:
    """A setting through a run: "2, from step 300: 4"."""
    text = "–" if told.start is None else speech.value(field, told.start)
    for step, value in told.later:
        text += speech.translate(LATER).format(step=speech.number(step), value=speech.value(field, value))
    return text


def name(speech: Speech, entries: Sequence[Entry], entry: Entry) -> str:
    """What an entry has otherwise than the others; where nothing differs, what its run is called."""
    i = list(entries).index(entry)
    said = [(field, courses[i]) for field, courses in _telling(differing(entries)) if courses[i].start is not None]
    parts = [pair(speech.title(field), course(speech, field, told), speech.translate) for field, told in said]
    return " · ".join(parts) or entry.runs[0].name


def _telling(differences: list[tuple[Field, list[Course]]]) -> list[tuple[Field, list[Course]]]:
    """The few of them that tell the most entries apart, one after the other; of equal ones the first."""
    chosen = list[int]()
    while len(chosen) < min(NAMED, len(differences)):
        rest = [k for k in range(len(differences)) if k not in chosen]
        chosen.append(max(rest, key=lambda k: len(set(zip(*(differences[j][1] for j in (*chosen, k)), strict=True)))))
    return [differences[k] for k in sorted(chosen)]


def seeds(speech: Speech, entry: Entry) -> str:
    """Which seeds it has."""
    text = speech.translate(SEEDS if len(entry.runs) > 1 else SEED)
    return text.format(seeds=listed(map(str, sorted(entry.seeds)), speech.translate))


def written(speech: Speech, curve: str, value: float) -> str:
    """A value of a curve: shares as percentages, others to three digits."""
    return speech.percent(value, 1) if figures.is_share(curve) else speech.number(float(f"{value:.3g}"))


def gap(speech: Speech, curve: str, value: float) -> str:
    """A difference of two values: of shares in percentage points."""
    if not figures.is_share(curve):
        return written(speech, curve, abs(value))
    return speech.translate(POINTS).format(n=speech.number(100 * abs(value), 1))


def sentences(speech: Speech, verdict: Verdict) -> list[tuple[str, str]]:
    """For each entry beside the best: the two values, and whether the difference is larger than the spread over seeds."""
    _, curve, best = speech.translate, verdict.name, verdict.best
    digits = 0 if len(verdict.others) < 2 else 1
    found = []
    for other, difference in verdict.others:
        a, b = (written(speech, curve, verdict.values[entry.letter].mean) for entry in (best, other))
        values = _(BETTER).format(title=words.curve_title(curve, _), best=best.letter, a=a, other=other.letter, b=b)
        said = {"gap": gap(speech, curve, difference.value)}
        if not difference.known:
            text = _(UNKNOWN).format(**said)
        elif difference.beyond:
            ends = sorted((abs(difference.low), abs(difference.high)))
            low, high = (gap(speech, curve, end) for end in ends)
            text = _(BEYOND).format(
                **said, confidence=speech.percent(difference.confidence, digits), low=low, high=high
            )
        else:
            text = _(WITHIN).format(**said, reach=gap(speech, curve, (difference.high - difference.low) / 2))
        found.append((values, text))
    return found


def basis(speech: Speech, entries: Sequence[Entry], verdict: Verdict, axis: str) -> str:
    """Where the values are from, from how many samples, and what a perfect generator would score."""
    _, curve = speech.translate, verdict.name
    place = speech.number(verdict.place, 1 if axis == "seconds" else 0)
    parts = [_(WHERE).format(axis=_(AXES[axis]), place=place)]
    if used := luck.samples_used(entries[0].config, curve):
        parts.append(_(SAMPLES).format(n=speech.number(used)))
    floor = luck.floor(entries[0].runs[0], curve)
    if floor is not None:
        parts.append(_(FLOOR).format(floor=written(speech, curve, floor)))
    return joined(*parts)


def table(
    speech: Speech, entries: Sequence[Entry], judged: Sequence[str], axis: str
) -> list[tuple[str, list[tuple[str, bool]]]]:
    """For each figure its title and a cell an entry: mean ± standard deviation, and whether it is the best, as far as can be read."""
    rows = []
    for curve in judged:
        verdict = luck.verdict(entries, curve, axis)
        if verdict is None:
            continue
        means = {letter: written(speech, curve, values.mean) for letter, values in verdict.values.items()}
        cells = []
        for entry in entries:
            text, values = means.get(entry.letter, "–"), verdict.values.get(entry.letter)
            best = text == means[verdict.best.letter]
            if values is not None and len(values.each) > 1:
                text += f" ± {written(speech, curve, values.deviation)}"
            cells.append((text, best))
        arrow = "↑" if luck.is_higher_better(curve) else "↓"
        rows.append((f"{words.curve_title(curve, speech.translate)} {arrow}", cells))
    return rows

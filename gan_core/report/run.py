"""The report of one run."""

from __future__ import annotations

from collections.abc import Sequence

from gan_core import config as settings
from gan_core import registry, serial
from gan_core.comparison import figures, luck
from gan_core.comparison.album import OWN, Album, moments
from gan_core.comparison.entries import Compared, Entry
from gan_core.config import GROUPS
from gan_core.errors import PlaygroundError
from gan_core.metrics.measure import Measure
from gan_core.report import page
from gan_core.report.page import text
from gan_core.runs import about, frames, gauging, words
from gan_core.runs.snapshots import Message
from gan_core.speech import Speech
from gan_core.text import N_, told

SIDE = 400  # pixels of the last picture
SMALL = 200  # of the earlier ones
EARLIER = 4
NOTHING_WRONG = N_("Nothing was found to be wrong.")
REPRODUCE = N_("Same settings, same seed, same changes: the same run again. On the command line:")


def report(run: Compared, speech: Speech, link: str = "") -> str:
    """The page. `link`: the address of a lab without its query, for a link that opens these settings there. What of the run cannot be read
    is said in its place. Raises nothing that the run's folder could cause once `run` was read."""
    _ = speech.translate
    said = run.folder.facts()
    notes = about.read(run.folder.path)
    title = notes.name or run.name or run.id
    parts = [
        page.paragraph(run.id, note=True) if title != run.id else "",
        page.table((), _facts(run, speech)),
        *([page.section(_(N_("Notes")), *map(page.paragraph, notes.notes.split("\n")))] if notes.notes else []),
        page.section(_(N_("Samples")), *_samples(run, speech)),
        page.section(_(N_("Diagnosis")), *_diagnosis(run, speech)),
        page.section(_(N_("Figures")), *_figures(run, speech)),
        page.section(_(N_("Curves")), *_curves(run, speech)),
        *([page.section(_(N_("Changes")), _changes(run, speech))] if run.changed else []),
        page.section(_(N_("Settings")), *_settings(run, speech)),
        page.section(_(N_("Again")), *again(run, speech, link)),
        page.section(_(N_("Versions")), page.table((), versions(said))),
    ]  # fmt: skip
    return page.document(speech, title, [part for part in parts if part])


def _facts(run: Compared, speech: Speech) -> list[tuple[str, str]]:
    _, said = speech.translate, run.folder.facts()
    lines = [
        (_(N_("Status")), _(words.STATUSES.get(run.status, run.status))),
        (_(N_("Data")), speech.value(settings.field("data.name"), run.config.data.name)),
        (_(N_("Steps")), speech.number(run.step)),
        (_(N_("Samples seen")), speech.number(int(said.get("images") or 0))),
        (_(N_("Training time")), _(N_("{seconds} s")).format(seconds=speech.number(float(said.get("seconds") or 0), 1))),
        (_(N_("Started")), str(said.get("created", ""))),
        (_(N_("Seed")), str(run.config.seed)),
    ]  # fmt: skip
    message = Message.read(said.get("message"))
    if run.status == "failed" and message.template:
        lines.append((_(N_("Why it stopped")), told(message, _)))
    return [(text(name), text(value)) for name, value in lines]


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _samples(run: Compared, speech: Speech) -> list[str]:
    _ = speech.translate
    steps = moments(run, OWN)
    if not steps:
        return [page.paragraph(_(N_("Nothing is kept of this run yet.")))]
    book = Album()
    few = evenly(steps[:-1], EARLIER)
    pictures = [shown(book, run, step, SMALL, speech) for step in few]
    return [
        f"<div class=one>{shown(book, run, steps[-1], SIDE, speech)}</div>",
        *([page.paragraph(_(N_("The same latents earlier:")), note=True), f"<div class=row>{''.join(pictures)}</div>"] if few else []),
    ]  # fmt: skip


def evenly(steps: Sequence[int], count: int) -> list[int]:
    """At most `count` of these, the first among them, spread over their number."""
    chosen = [steps[i * len(steps) // count] for i in range(count)] if len(steps) > count else steps
    return list(dict.fromkeys(chosen))


def shown(
    book: Album, run: Compared, step: int, side: int, speech: Speech, latents: int = OWN, before: str = ""
) -> str:
    """The picture of a moment, or why there is none. before: HTML at the beginning of what stands under it."""
    _ = speech.translate
    caption = before + text(_(N_("Step {step}")).format(step=speech.number(step)))
    try:
        return page.picture(
            book.picture(run.folder, step, latents, side), caption, _(N_("Samples at step {step}")).format(step=step)
        )
    except PlaygroundError as error:
        return f"<figure><figcaption>{caption}: {text(told(error, _))}</figcaption></figure>"


# ── what was found and measured ──────────────────────────────────────────────────────────────────────────────────────────


def _diagnosis(run: Compared, speech: Speech) -> list[str]:
    _ = speech.translate
    found = [f for f in run.folder.cases.at(run.step) if f.code in registry.condition]
    if not found:
        return [page.paragraph(_(NOTHING_WRONG))]
    return [
        f"<p><b>{text(_(registry.condition[f.code].title))}</b> "
        f"{text(_(N_('(since step {step})')).format(step=speech.number(f.since)))}<br>"
        f"{text(told(f.evidence, _))}</p>"
        for f in found
    ]  # fmt: skip


def _figures(run: Compared, speech: Speech) -> list[str]:
    """What was last measured: while it trained, and on demand."""
    _, said = speech.translate, run.folder.facts()
    rows = []
    known = said.get("metrics")
    for name, value in known.items() if isinstance(known, dict) else ():
        if name in registry.metric and isinstance(value, (int, float)):
            rows.append(_quick(run, speech, name, float(value)))
    judged = gauging.read(said.get("judged"))
    if judged is not None:
        for name, value in judged.values.items():
            if name in registry.metric:
                floor = judged.floor.get(name)
                real = "" if floor is None else _value(speech, name, floor)
                rows.append((text(_(registry.metric[name].title)), text(_value(speech, name, value)), text(real), text(_samples_at(speech, judged.samples, judged.step))))  # fmt: skip
    for one in run.folder.measured.read()[0]:
        rows += [_measure(speech, m, one.step) for m in one.measures]
    if not rows:
        return [page.paragraph(_(N_("Nothing was measured yet.")))]
    head = (_(N_("Figure")), _(N_("Value")), _(N_("Real pictures, or a perfect generator")), _(N_("From")))
    return [page.table([text(cell) for cell in head], rows)]


def _quick(run: Compared, speech: Speech, name: str, value: float) -> tuple[str, str, str, str]:
    """Of a figure that is measured while the run trains."""
    floor, used = luck.floor(run, name), luck.samples_used(run.config, name)
    best = "" if floor is None else _value(speech, name, floor)
    source = _samples_at(speech, used, run.final_step) if used and run.final_step else ""
    return (
        text(speech.translate(registry.metric[name].title)),
        text(_value(speech, name, value)),
        text(best),
        text(source),
    )


def _measure(speech: Speech, m: Measure, step: int) -> tuple[str, str, str, str]:
    spread = "" if m.spread is None else f" ± {_value(speech, m.name, m.spread)}"
    floor = "" if m.floor is None else _value(speech, m.name, m.floor)
    cells = (
        m.heading_in(speech.translate),
        _value(speech, m.name, m.value) + spread,
        floor,
        _samples_at(speech, m.samples, step),
    )
    return text(cells[0]), text(cells[1]), text(cells[2]), text(cells[3])


def _samples_at(speech: Speech, samples: int, step: int) -> str:
    told = speech.translate(N_("{n} samples at step {step}"))
    return told.format(n=speech.number(samples), step=speech.number(step))


def _value(speech: Speech, name: str, value: float) -> str:
    form = registry.metric[name].info.get("written")
    return speech.percent(value, 1) if form == "percent" else speech.number(value, 0 if form == "count" else 4)


def _curves(run: Compared, speech: Speech) -> list[str]:
    _ = speech.translate
    entry = [Entry("A", (run,))]
    known = figures.known_curves(entry)
    if not known:
        return [page.paragraph(_(N_("There are no curves yet.")))]
    charts = []
    for panel in dict.fromkeys(frames.CURVES[name][0] for name in known):
        names = [name for name in known if frames.CURVES[name][0] == panel]
        drawn = [figures.of_panel(run, name, place, _(words.CURVES[name])) for place, name in enumerate(names)]
        shares = figures.is_share(names[0])
        charts.append(
            page.chart(figures.chart(_(words.PANELS[panel]), drawn, _(N_("Step")), shares=shares, revision=panel))
        )
    return charts


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _changes(run: Compared, speech: Speech) -> str:
    _ = speech.translate
    rows = [
        (text(speech.number(step)), text(speech.title(settings.field(name))), text(speech.value(settings.field(name), value)))
        for step, name, value in run.changed
    ]  # fmt: skip
    return page.table([text(_(word)) for word in (N_("Step"), N_("Setting"), N_("New value"))], rows)


def _settings(run: Compared, speech: Speech) -> list[str]:
    """All settings that mean something in it, by group."""
    parts = []
    for group, title in GROUPS.items():
        title = registry.method[run.config.method].value.groups.get(group, title)
        rows = [
            (text(speech.translate(f.spec.title)), text(speech.value(f, settings.get(run.config, f.name))))
            for f in settings.fields()
            if f.spec.group == group and (f.spec.shown_if is None or f.spec.shown_if(run.config))
        ]
        if rows:
            parts.append(f"<h3>{text(speech.translate(title))}</h3>" + page.table((), rows))
    return parts


def again(run: Compared, speech: Speech, link: str) -> list[str]:
    """How the run is made again: a link, and its settings as a file for the command line."""
    _ = speech.translate
    parts = []
    if link:
        whole = f"{link}?c={serial.to_link(run.config)}"
        parts += [
            page.paragraph(_(N_("A link that opens these settings:"))),
            f'<p><a href="{text(whole)}">{text(whole)}</a></p>',
        ]
    command = "gan-playground train --config config.toml" + (f" --steps {run.step}" if run.step else "")
    return [
        *parts,
        page.paragraph(_(REPRODUCE)),
        page.code(command),
        page.code("# config.toml\n" + serial.to_toml(run.config)),
    ]


def versions(said: object) -> list[tuple[str, str]]:
    """Python, torch, machine: what the run was made with."""
    known = said.get("environment") if isinstance(said, dict) else None
    return [(text(str(name)), text(str(value))) for name, value in known.items()] if isinstance(known, dict) else []

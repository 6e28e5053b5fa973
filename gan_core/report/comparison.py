"""The report of several runs: what differs, which is better, and whether that is luck."""

from __future__ import annotations

from collections.abc import Sequence

from gan_core.comparison import album, figures, luck, telling
from gan_core.comparison.album import Album
from gan_core.comparison.differing import differing
from gan_core.comparison.entries import Entry
from gan_core.report import page
from gan_core.report.page import text
from gan_core.report.run import SMALL, again, evenly, shown, versions
from gan_core.runs import words
from gan_core.speech import Speech
from gan_core.text import N_, after, listed, pair

TITLE = N_("A comparison of {n} runs")
MOMENTS = 3


def report(entries: Sequence[Entry], speech: Speech, *, axis: str = "step", link: str = "", by: str = "") -> str:
    """The page. axis: over which the runs are compared; link: the address of a lab, for links that open the settings there; by: the figure by
    which they are judged first."""
    _ = speech.translate
    runs = [run for entry in entries for run in entry.runs]
    parts = [
        page.table((), [_entry(entries, entry, speech) for entry in entries]),
        page.section(_(N_("Which is better, and is it luck?")), *_judgement(entries, speech, axis, by)),
        page.section(_(N_("Settings that differ")), _differences(entries, speech)),
        page.section(_(N_("Samples")), *_samples(entries, speech)),
        page.section(_(N_("Curves")), *_curves(entries, speech, axis)),
        *(
            page.section(pair(entry.letter, _(N_("again")), _), *again(entry.runs[0], speech, link))
            for entry in entries
        ),
        page.section(_(N_("Versions")), page.table((), versions(runs[0].folder.facts()))),
    ]  # fmt: skip
    return page.document(speech, _(TITLE).format(n=speech.number(len(runs))), parts)


def badge(entry: Entry) -> str:
    """Its letter in its colour."""
    return page.letter(entry.letter, figures.COLOURS[entry.place])


def _entry(entries: Sequence[Entry], entry: Entry, speech: Speech) -> tuple[str, str]:
    _ = speech.translate
    steps = sorted({run.step for run in entry.runs})
    far = "–".join(speech.number(step) for step in ([steps[0], steps[-1]] if len(steps) > 1 else steps))
    states = listed(dict.fromkeys(_(words.STATUSES.get(run.status, run.status)) for run in entry.runs), _)
    said = [
        telling.name(speech, entries, entry),
        telling.seeds(speech, entry),
        _(N_("step {step}")).format(step=far),
        states,
    ]
    ids = "<br>".join(f"<span class=note>{text(run.id)}</span>" for run in entry.runs)
    return badge(entry), f"{text(' · '.join(said))}<br>{ids}"


def _judgement(entries: Sequence[Entry], speech: Speech, axis: str, by: str) -> list[str]:
    _ = speech.translate
    judged = luck.judged(entries, axis)
    if not judged:
        return [page.paragraph(_(N_("Nothing is known yet that they have measured around the same place.")))]
    parts = []
    verdict = luck.verdict(entries, by if by in judged else luck.first(judged), axis)
    if verdict is not None:
        for values, said in telling.sentences(speech, verdict):
            parts.append(f"<p><b>{text(values)}</b>{text(after(said, values))}</p>")
        parts.append(page.paragraph(telling.basis(speech, entries, verdict, axis), note=True))
    rows = [
        [text(title), *(f"<b>{text(cell)}</b>" if best else text(cell) for cell, best in cells)]
        for title, cells in telling.table(speech, entries, judged, axis)
    ]
    rows.append([text(_(N_("Seeds"))), *(speech.number(len(entry.runs)) for entry in entries)])
    return [*parts, page.table(["", *map(badge, entries)], rows), page.paragraph(_(telling.TABLE_NOTE), note=True)]


def _differences(entries: Sequence[Entry], speech: Speech) -> str:
    different = differing(entries)
    if not different:
        return page.paragraph(speech.translate(telling.NOTHING_DIFFERS))
    rows = [
        [text(speech.title(field)), *(text(telling.course(speech, field, course)) for course in courses)]
        for field, courses in different
    ]
    return page.table(["", *map(badge, entries)], rows)


def _samples(entries: Sequence[Entry], speech: Speech) -> list[str]:
    """Every entry at a few moments, from the same latents."""
    runs = album.one_each(entries)
    latents = album.OWN if album.has_own_latents_in_common(runs) else album.OWN + 1
    book, parts = Album(), [page.paragraph(album.told(speech, runs, latents), note=True)]
    for entry, run in zip(entries, runs, strict=True):
        steps = album.moments(run, latents)
        chosen = [*evenly(steps[:-1], MOMENTS - 1), *steps[-1:]]
        before = badge(entry) + " "
        parts.append(
            f"<div class=row>{''.join(shown(book, run, step, SMALL, speech, latents, before) for step in chosen)}</div>"
        )
    return parts


def _curves(entries: Sequence[Entry], speech: Speech, axis: str) -> list[str]:
    found = [
        figures.curve_chart(entries, name, axis, 0.0, speech.translate) for name in figures.known_curves(entries, axis)
    ]
    return [page.chart(figure) for figure in found if figure is not None]

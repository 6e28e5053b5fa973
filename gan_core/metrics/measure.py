"""A measured figure with what it takes to read it: of how many samples, against what, by which features, how far by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from gan_core.errors import DataError
from gan_core.metrics import eyes
from gan_core.registry import metric
from gan_core.text import N_, beside

_INCEPTION = {
    "fd": N_("FID"),
    "kd": N_("KID"),
    "score": N_("Inception score"),
}  # what these are called of its features only


@dataclass(frozen=True)
class Measure:
    """One figure.

    name: as registered. samples, reference: how many generated and real pictures (0: it has nothing to do with real ones).
    floor: what real pictures score instead of the samples, None where that is not known. spread: the standard deviation by
    chance, None where there are too few samples to tell. by: the features in two or three words, features: in full; features_key:
    equal for the same ones; inception: whether they are the standard ones. data: the set, and which of that name.
    """

    name: str
    value: float
    samples: int
    reference: int
    floor: float | None
    spread: float | None
    by: str
    features: str
    features_key: str
    inception: bool
    data: str

    @property
    def title(self) -> str:
        """What it is called, to be translated. "FID" and "KID" only of the standard Inception features."""
        return _INCEPTION[self.name] if self.inception and self.name in _INCEPTION else metric[self.name].title

    @property
    def heading(self) -> str:
        """The title with the features, where it does not name them."""
        return self.title if self.names_its_features else beside(self.title, self.by)

    @property
    def names_its_features(self) -> bool:
        return self.inception and self.name in _INCEPTION

    def heading_in(self, translate: Callable[[str], str]) -> str:
        """`heading` in a language."""
        title = translate(self.title)
        return title if self.names_its_features else beside(title, eyes.said(self.by, translate), translate)


def comparable(a: Measure, b: Measure) -> None:
    """Raise DataError, which says why, unless two figures mean the same: one metric, features, data set and numbers of pictures."""
    if a.name != b.name:
        raise DataError(N_("{a} and {b} are different figures and cannot be compared."), a=a.heading, b=b.heading)
    if a.features_key != b.features_key:
        raise DataError(N_("{a} and {b} cannot be compared: they are measured by different features. Measure both by the same ones."),
                        a=_told(a), b=_told(b))  # fmt: skip
    if a.data != b.data:
        raise DataError(N_("{a} and {b} cannot be compared: they are measured against different data sets."), a=a.heading, b=b.heading)  # fmt: skip
    if (a.samples, a.reference) != (b.samples, b.reference):
        raise DataError(N_("{a} cannot be compared: it was measured with {n} and {m} samples against {r} and {s} real pictures. Measure both with as many."),
                        a=a.heading, n=a.samples, m=b.samples, r=a.reference, s=b.reference)  # fmt: skip


def _told(a: Measure) -> str:
    return f"{a.title} ({a.features})"


# ── as one flat dictionary ───────────────────────────────────────────────────────────────────────────────────────────────

_SUFFIXES = tuple(field.name for field in fields(Measure) if field.name not in ("name", "value", "data"))


def flat(measures: Iterable[Measure]) -> dict[str, Any]:
    """For JSON: NAME is the value, NAME_samples, NAME_reference, NAME_floor, NAME_spread, NAME_by, NAME_features, NAME_features_key and
    NAME_inception the rest; `data` is that of all."""
    found: dict[str, Any] = {}
    for measure in measures:
        values = asdict(measure)
        found |= {measure.name: measure.value} | {f"{measure.name}_{suffix}": values[suffix] for suffix in _SUFFIXES}
        found["data"] = measure.data
    return found


def from_flat(found: Mapping[str, Any]) -> list[Measure]:
    """What `flat` was given, in the order of the registry; nothing for a dictionary of other figures."""
    names = [entry.name for entry in metric.entries() if f"{entry.name}_features_key" in found]
    return [
        Measure(name, found[name], data=found["data"], **{s: found[f"{name}_{s}"] for s in _SUFFIXES}) for name in names
    ]

"""What the diagnosis says: a condition, since when, by which numbers, and what would help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Evidence:
    """A sentence with its numbers, to be translated by whoever shows it: template.format(**params)."""

    template: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.params)


@dataclass(frozen=True)
class Finding:
    """One condition (a name in `registry.condition`), held since `since` by what `evidence` says.

    remedy: live settings by dotted name -> (value now, value that helps); empty where nothing is to be changed.
    advice: why just that, or why nothing is offered at this moment.
    """

    code: str
    since: int
    evidence: Evidence
    remedy: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    advice: Evidence = Evidence()

    @property
    def changes(self) -> dict[str, Any]:
        """The values of the remedy, as `TrainingSession.change` takes them."""
        return {name: new for name, (_old, new) in self.remedy.items()}

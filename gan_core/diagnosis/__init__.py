"""Diagnosis of a run in plain words: which way it fails, with the numbers that say so, why, and the change that helps.

A `Doctor` is shown each look at a run (`see`, well below a millisecond); its `findings` are what is wrong, the most serious first,
or one that says "healthy" or "too early". `watching.Watch` is one at the side of a Trainer.
"""

from gan_core.diagnosis.doctor import Doctor
from gan_core.diagnosis.findings import Evidence, Finding
from gan_core.diagnosis.past import Look

__all__ = ["Doctor", "Evidence", "Finding", "Look"]

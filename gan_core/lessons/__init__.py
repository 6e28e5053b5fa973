"""Lessons: what there is to do in each, how it is checked from the learner's own run, and the words, by hand in each language."""

from __future__ import annotations

from gan_core.lessons import collapse, control, dirac, distances, game, generative, measuring, saturating, tricks, value
from gan_core.lessons.lesson import Lesson

_ORDER = (generative, game, value, saturating, collapse, dirac, distances, tricks, measuring, control)
LESSONS: dict[str, Lesson] = {lesson.LESSON.name: lesson.LESSON for lesson in _ORDER}
"""In the order in which they are taught."""

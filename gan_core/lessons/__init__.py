"""Lessons: what there is to do in each, how it is checked from the learner's own run, and the words, by hand in each language."""

from __future__ import annotations

from gan_core.lessons import collapse, control, generative, saturating
from gan_core.lessons.lesson import Lesson

LESSONS: dict[str, Lesson] = {
    lesson.name: lesson for lesson in (generative.LESSON, saturating.LESSON, collapse.LESSON, control.LESSON)
}
"""In the order in which they are taught."""

"""Runs beside each other after the fact: which was better, and is it luck.

entries.py    which runs are compared, those that differ in their seed alone as one
lines.py      their curves over steps, samples or time, smoothed; the spread over seeds
differing.py  the settings in which they differ
luck.py       whether a difference is larger than what seeds alone make
figures.py    charts of all that
album.py      their samples from the same latents at the same moments
"""

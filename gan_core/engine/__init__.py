"""Engines: what a step minimises (objectives.py); the same step as one program (program.py), made (build.py, workshop.py) and run."""

NAMES = ("auto", "eager", "compiled")

"""Recipes: the methods of the field, each as its paper has it but for its size, on the digits that come with the app.

An entry's `info` says besides: `changed`, what the method changed when it appeared, and `needs`, what it does not work without. What
each reaches here is measured by tests/long/test_recipes.py.
"""

from __future__ import annotations

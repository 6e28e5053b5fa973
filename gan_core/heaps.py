"""Memory that was freed goes back to the system. (glibc alone needs telling; elsewhere both functions do nothing.)"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

_M_ARENA_MAX = -8  # of glibc's malloc.h


def share() -> None:
    """Let all threads take their memory from two heaps, unless MALLOC_ARENA_MAX says otherwise; call it before there are threads.

    glibc would give each thread one of its own, and Streamlit starts a thread for every page: what visitors leave in so many heaps
    has holes that never go back.
    """
    libc = _libc()
    if "MALLOC_ARENA_MAX" not in os.environ and libc is not None and hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 2)


def give_back() -> None:
    """Give the system what lies free between what is in use: a matter of milliseconds. glibc does it by itself at a heap's end only."""
    libc = _libc()
    if libc is not None and hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


@cache
def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None

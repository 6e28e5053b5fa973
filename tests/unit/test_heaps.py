"""What was freed goes back to the system: glibc's heaps, counted and measured in processes of their own."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc has several heaps, and keeps what is free"
)

# Begins as it is told, and counts glibc's heaps after a dozen threads have taken memory at the same time.
HEAPS = """
import ctypes, sys, tempfile, threading
exec(sys.argv[1])
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
meeting = threading.Barrier(12)
def take():
    meeting.wait()
    kept = [libc.malloc(ctypes.c_size_t(50_000)) for _ in range(200)]
    meeting.wait()
threads = [threading.Thread(target=take) for _ in range(12)]
[t.start() for t in threads], [t.join() for t in threads]
with tempfile.NamedTemporaryFile() as file:
    stream = ctypes.c_void_p(libc.fopen(file.name.encode(), b"w"))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    print(file.read().decode().count("<heap nr="))
"""


@pytest.mark.parametrize(
    ("begin", "wished", "most"), [("import app", None, 2), ("from gan_core import heaps; heaps.share()", "5", 5)]
)
def test_threads_share_their_heaps(begin: str, wished: str | None, most: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    environment |= {"MALLOC_ARENA_MAX": wished} if wished else {}
    done = subprocess.run(
        [sys.executable, "-c", HEAPS, begin], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == most


# Takes 64 MB in small blocks and frees nearly all of them: what is left keeps the heap's end where it is.
HOLES = """
import ctypes, psutil
from gan_core import heaps
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
def memory(): return psutil.Process().memory_info().rss / 2**20
begin = memory()
blocks = [libc.malloc(ctypes.c_size_t(16_384)) for _ in range(4096)]
for block in blocks: ctypes.memset(block, 1, 16_384)
for i, block in enumerate(blocks):
    if i % 64: libc.free(block)
libc.malloc(ctypes.c_size_t(100))
held = memory() - begin
heaps.give_back()
print(held, memory() - begin)
"""


def test_what_is_free_between_what_is_in_use_goes_back() -> None:
    done = subprocess.run([sys.executable, "-c", HOLES], cwd=ROOT, capture_output=True, text=True, check=True)
    held, kept = map(float, done.stdout.split())
    assert held > 50
    assert kept < 10

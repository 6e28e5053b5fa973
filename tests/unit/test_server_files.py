"""Files that were made for somebody: downloaded by whoever has the address, for as long as they are kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from gan_core.errors import ExportError
from gan_core.export.job import FileJob
from pages._ui import files_out, tokens

DATA = b"x" * 3_000_000


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=[Route(files_out.FILES + "/{token}", files_out.take)]))


@pytest.fixture
def made() -> Iterator[Callable[..., FileJob]]:
    jobs: list[FileJob] = []

    def begin(make: Any = lambda out, heard: out.write_bytes(DATA)) -> FileJob:
        jobs.append(FileJob(make, "run", "a name.zip", "zip"))
        deadline = time.monotonic() + 60
        while jobs[-1].is_active:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return jobs[-1]

    yield begin
    for job in jobs:
        job.discard()


def test_it_is_downloaded_as_it_was_made(client: TestClient, made: Callable[..., FileJob]) -> None:
    job = made()
    answer = client.get("/" + files_out.address(job))
    assert answer.status_code == 200
    assert answer.content == DATA
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    assert client.get("/" + files_out.address(job)).status_code == 200  # the address holds


def test_nobody_else_gets_it_and_nothing_once_it_is_gone(client: TestClient, made: Callable[..., FileJob]) -> None:
    job = made()
    address = "/" + files_out.address(job)
    grant = tokens.files.check(address.rpartition("/")[2])
    for token in ("x", tokens.issue(grant.run, "view"), tokens.files.issue("other", "take"), "..%2f..%2fetc"):
        assert client.get(f"{files_out.FILES}/{token}").status_code == 404
    job.discard()
    assert client.get(address).status_code == 404


def test_what_failed_leaves_no_file(client: TestClient, made: Callable[..., FileJob]) -> None:
    def refuse(out: Path, _heard: Any) -> None:
        out.write_bytes(b"half")
        raise ExportError("It cannot be had.")

    def stumble(out: Path, _heard: Any) -> None:
        raise KeyError("x")

    for make in (refuse, stumble):
        job = made(make)
        assert (job.status, job.path.exists()) == ("failed", False)
        assert isinstance(job.error, ExportError)
        assert client.get("/" + files_out.address(job)).status_code == 404


def test_nothing_stays_of_one_that_is_discarded_as_it_ends() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def make(out: Path, _heard: Any) -> None:
        out.write_bytes(DATA)
        begun.set()
        may_end.wait(60)

    job = FileJob(make, "run", "a name.zip", "zip")
    assert begun.wait(60)
    job.discard()
    may_end.set()
    deadline = time.monotonic() + 60
    while job.is_active:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert (job.status, job.path.parent.exists()) == ("cancelled", False)

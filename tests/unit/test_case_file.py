"""What the diagnosis said is known of any earlier step, and survives what can happen to a run and to a file."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import _tiny
import pytest

from gan_core.diagnosis import signs
from gan_core.diagnosis.findings import Evidence, Finding
from gan_core.diagnosis.watching import Watch
from gan_core.runs import case_file, facts, keeping
from gan_core.runs.branching import branch
from gan_core.runs.case_file import CaseFile
from gan_core.runs.commands import Pause, Reset, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.session import TrainingSession
from gan_core.trainer import Stats


def finding(code: str, since: int = 0) -> Finding:
    return Finding(code, since, Evidence(signs.NO_SIGN, {"step": since}))


def codes(file: CaseFile, step: int) -> list[str]:
    return [f.code for f in file.at(step)]


def test_a_verdict_holds_until_the_next_one(tmp_path: Path) -> None:
    file = CaseFile(tmp_path / "diagnosis.jsonl")
    file.note(0, [finding("early")])
    assert not file.path.exists()  # the same as nothing
    for step in (600, 610, 620):
        file.note(step, [finding("cycling", 500)])
    file.note(900, [finding("mode_collapse", 700), finding("critic_blind", 800)])
    file.note(1500, [finding("healthy", 1400)])
    assert len(file.path.read_text().splitlines()) == 3
    assert [codes(CaseFile(file.path), step) for step in (0, 599, 600, 899, 900, 1499, 10**9)] == [
        [], [], ["cycling"], ["cycling"], ["mode_collapse", "critic_blind"], ["mode_collapse", "critic_blind"], ["healthy"],
    ]  # fmt: skip
    (seen, _other) = file.at(1000)
    assert (seen.since, str(seen.evidence), seen.changes) == (700, signs.NO_SIGN.format(step=700), {})
    assert seen.advice.template == case_file.THEN


def test_what_came_after_a_step_that_the_run_went_back_to_does_not_count(tmp_path: Path) -> None:
    file = CaseFile(tmp_path / "diagnosis.jsonl")
    for step, code in ((100, "cycling"), (200, "critic_blind"), (300, "healthy")):
        file.note(step, [finding(code)])
    file.note(150, [finding("divergence")])  # the run exploded, and goes on from here
    assert [codes(file, step) for step in (120, 160, 400)] == [["cycling"], ["divergence"], ["divergence"]]
    file.forget_after(120)
    assert codes(file, 400) == ["cycling"]
    assert file.until(99) == ""
    file.forget()
    assert file.at(400) == ()
    file.note(5, [finding("cycling")])  # the same as before it was forgotten: noted anew
    assert codes(file, 5) == ["cycling"]


@pytest.mark.parametrize("harm", ["", "{", '{"step": 5}', '{"step": 5, "findings": [{"code": "nobody"}]}', "[]", "null", '{"step": "x", "findings": []}',
                                  '{"step": 5, "findings": [{"code": "cycling", "since": 1, "template": "{nobody}", "params": {}}]}'])  # fmt: skip
def test_a_damaged_line_costs_only_itself(tmp_path: Path, harm: str) -> None:
    file = CaseFile(tmp_path / "diagnosis.jsonl")
    file.note(100, [finding("cycling")])
    with file.path.open("a") as text:
        text.write(harm)  # cut short by a crash: without an end of line
    other = CaseFile(file.path)
    other.note(200, [finding("healthy")])
    assert [codes(other, step) for step in (150, 250)] == [["cycling"], ["healthy"]]
    file.path.write_bytes(b"\xff\xfe\x00" * 99)
    assert other.at(250) == ()


def test_the_file_is_bounded_and_a_full_disk_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_file, "MOST_LINES", 16)
    file = CaseFile(tmp_path / "diagnosis.jsonl")
    for step in range(1000):
        file.note(step, [finding(("cycling", "healthy")[step % 2], step)])
        assert len(file.path.read_text().splitlines()) <= 16
    assert file.at(999)[0].since == 999
    gone = CaseFile(tmp_path / "nowhere" / "diagnosis.jsonl")
    gone.note(5, [finding("cycling")])
    assert gone.at(5) == ()


def header(frame: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from("<I", frame, 4)
    found: dict[str, Any] = json.loads(frame[8 : 8 + length])
    return found


def test_looking_back_shows_what_was_said_then_and_a_branch_takes_it_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(_watch: Watch, _players: Any, stats: Stats, _arrays: Any) -> tuple[Finding, ...]:
        return (finding("healthy" if stats.step >= 40 else "cycling" if stats.step >= 20 else "early"),)

    monkeypatch.setattr(Watch, "look", look)
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "MOMENT_SHARE", 1e9)
    folder = RunFolder(tmp_path / "run")
    config = _tiny.points()
    folder.create(config, facts.of_new("run", "me", config))
    session = TrainingSession("run", "me", config, folder)
    session.prepare()
    for step in range(10, 70, 10):
        session.send(Resume())
        session.turn(60.0, until_step=step)
        session.send(Pause())
        session.turn(0.0)
    assert session.past is not None
    seen = {
        step: [f["code"] for f in header(session.past.frame(step))["diagnosis"]] for step in session.past.branches()
    }
    assert len(seen) >= 3
    for step, codes_then in seen.items():
        assert codes_then == (["healthy"] if step >= 40 else ["cycling"] if step >= 20 else [])
    assert [codes(folder.cases, step) for step in (10, 20, 30, 40)] == [[], ["cycling"], ["cycling"], ["healthy"]]
    newest = max(session.past.branches())
    made = RunFolder(tmp_path / "other")
    branch(folder, "run", newest, made, "other", "me")
    assert made.cases.until(newest) == folder.cases.until(newest) != ""
    other = TrainingSession("other", "me", made.config(), made, restore=True)
    other.prepare_stopped(made.facts())
    other.prepare()
    other.turn(0.0)
    (found,) = other.diagnosis  # of a run that was only just read: what was last said of it
    assert (found.code, found.advice.template) == ("healthy", case_file.LAST)
    other.close()
    session.send(Reset())
    session.turn(0.0)
    assert folder.cases.at(10**6) == ()

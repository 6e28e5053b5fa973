"""Measuring a saved run in the background: what is kept, what is refused, and what happens to it meanwhile."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from test_metrics_drawn import TOLD, saved_run

from gan_core import generate
from gan_core.errors import ConfigError, DataError, RunError
from gan_core.metrics import kernel
from gan_core.metrics.features import get_judges
from gan_core.runs import branching, measurement, store
from gan_core.runs.folder import RunFolder
from gan_core.runs.headless import evaluate
from gan_core.runs.measured import MOST, Measured, MeasuredFiles
from gan_core.runs.measurement import MeasureJob, Measurements, MeasurePlan, needed

PLAN = MeasurePlan("classifier", 120)


@pytest.fixture(scope="module", autouse=True)
def few_subsets() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "SUBSETS", 5)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A saved run whose set's classifier is there."""
    made = saved_run(tmp_path_factory.mktemp("runs") / "digits-20260131-142530-000001", **TOLD)
    data = generate.data_sets.load(made.config().data)
    assert not isinstance(data, generate.data_sets.PointSet)
    get_judges("classifier", data)
    return made


def ended(job: MeasureJob) -> MeasureJob:
    job.join(60)
    assert not job.is_active
    return job


def job_of(folder: RunFolder, plan: MeasurePlan = PLAN) -> MeasureJob:
    return MeasureJob(folder, plan, threading.Lock(), sleep=lambda seconds: None)


@pytest.fixture(scope="module")
def result(folder: RunFolder) -> Measured:
    job = ended(job_of(folder))
    assert (job.status, job.error) == ("done", None)
    assert job.share == 1.0
    (found,), problems = RunFolder(folder.path).measured.read()  # as after a restart
    assert not problems
    return found


def test_the_result_is_that_of_the_command_and_is_kept(
    folder: RunFolder, result: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (result.step, result.features, result.samples) == (3, "classifier", 120)
    assert result.classes == tuple("0123456789")
    monkeypatch.setattr("gan_core.runs.headless.IMAGE_SAMPLES", 120)
    told = evaluate(folder.path)
    assert told["metrics"] == result.found
    by_name = {m.name: m for m in result.measures}
    assert by_name["fd"].by == "digits classifier"
    assert by_name["as_asked"].samples == 120
    data = generate.data_sets.load(folder.config().data)
    assert not isinstance(data, generate.data_sets.PointSet)
    accuracy = get_judges("classifier", data).accuracy
    assert by_name["as_asked"].floor == accuracy
    assert 0.8 < accuracy <= 1


def test_one_at_a_time_and_it_can_be_cancelled(folder: RunFolder) -> None:
    """A second one waits for its turn and can be given up there; the first in its work. Nothing is kept of either."""
    turn, gate, asked = threading.Lock(), threading.Event(), threading.Event()

    def wait(_seconds: float) -> None:
        asked.set()
        assert gate.wait(60)

    before = {f.name: f.read_bytes() for f in folder.measured.path.glob("*")}
    first = MeasureJob(folder, PLAN, turn, sleep=wait)
    assert asked.wait(60)
    second = MeasureJob(folder, PLAN, turn)
    assert (first.status, second.status) == ("working", "waiting")
    second.cancel()
    assert ended(second).status == "cancelled"
    first.cancel()
    gate.set()
    assert ended(first).status == "cancelled"
    assert {f.name: f.read_bytes() for f in folder.measured.path.glob("*")} == before


def test_it_rests_as_long_as_it_works(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of its own: every piece takes 0.1 s of it, and is followed by a rest of as much."""
    now, rests = [0.0], []

    def clock() -> float:
        now[0] += 0.1
        return now[0]

    monkeypatch.setattr(measurement.time, "perf_counter", clock)
    job = MeasureJob(folder, PLAN, threading.Lock(), sleep=rests.append)
    deadline = time.monotonic() + 60
    while job.is_active:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert job.status == "done"
    assert len(rests) > 10
    assert all(rest == pytest.approx(0.1) for rest in rests[1:])


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_too_few_samples_are_refused_with_how_many_are_needed(folder: RunFolder, tmp_path: Path) -> None:
    desk = Measurements()
    assert needed(PLAN, folder) == {"fd": 65, "kd": 40, "precision": 6, "score": 100}
    with pytest.raises(DataError, match="99 samples are too few: choose at least 100"):
        desk.begin(folder, MeasurePlan("classifier", 99))
    with pytest.raises(DataError, match="at least 2049"):
        desk.begin(folder, MeasurePlan("inception", 2048))
    for bad in (0, -1, 50_001):
        with pytest.raises(ConfigError, match="Between 1 and 50000"):
            MeasurePlan("classifier", bad)
    with pytest.raises(ConfigError, match="vgg"):
        MeasurePlan("vgg", 500)
    assert desk.of(folder) is None


def test_without_the_weights_of_inception_it_is_said_what_to_do(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gan_core.metrics import inception

    monkeypatch.setattr(inception, "cache_dir", lambda: tmp_path)
    with pytest.raises(DataError, match=r"fid-inception\.safetensors"):
        Measurements().begin(folder, MeasurePlan("inception", 3000))


def test_a_run_that_was_never_saved(tmp_path: Path, folder: RunFolder) -> None:
    new = RunFolder(tmp_path / "new")
    new.create(folder.config(), {"run": "new", "step": 0})
    with pytest.raises(RunError, match="has not been saved yet"):
        Measurements().begin(new, PLAN)


def test_of_each_run_there_is_one(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, gate = Measurements(), threading.Event()
    monkeypatch.setattr(measurement, "get_judges", lambda *args: gate.wait(60) and None)
    first = desk.begin(folder, PLAN)
    assert desk.begin(folder, MeasurePlan("classifier", 200)) is first
    assert desk.of(RunFolder(folder.path)) is first
    first.cancel()
    gate.set()
    desk.close()
    assert not first.is_active
    with pytest.raises(RunError, match="shutting down"):
        desk.begin(folder, PLAN)


def test_what_goes_wrong_is_said(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    for raised, why in ((MemoryError(), "not enough memory to measure with 120"), (ZeroDivisionError(), "ZeroDivisionError"),
                        (DataError("It {what}.", what="rained"), "It rained.")):  # fmt: skip

        def fail(*_args: object, error: Exception = raised) -> None:
            raise error

        monkeypatch.setattr(measurement, "get_judges", fail)
        job = ended(job_of(folder))
        assert job.status == "failed"
        assert why in str(job.error)


# ── what happens to the run meanwhile ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("meanwhile", ["reset", "deleted"])
def test_nothing_is_kept_of_weights_that_are_gone(
    tmp_path: Path, meanwhile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved_run(tmp_path / "run")
    real = measurement.get_judges

    def judges(*args: object) -> object:
        if meanwhile == "reset":
            folder.restart(folder.config())
        else:
            folder.path.rename(tmp_path / "trash")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(measurement, "get_judges", judges)
    job = ended(job_of(folder))
    assert job.status == "failed"
    assert ("reset" if meanwhile == "reset" else "is gone") in str(job.error)
    assert not folder.measured.path.exists()


# ── the files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def at(result: Measured, step: int, time: str = "2026-01-01T00:00:00+00:00", **found: object) -> Measured:
    return replace(result, step=step, time=time, found=dict(result.found) | found)


def test_the_last_step_first_and_one_of_a_kind(result: Measured, tmp_path: Path) -> None:
    files = MeasuredFiles(tmp_path / "measures")
    assert files.read() == ([], [])
    for step in (20, 100, 3, 100):
        files.keep(at(result, step))
    found, problems = files.read()
    assert [one.step for one in found] == [100, 20, 3]
    assert not problems
    files.forget_after(20)
    assert [one.step for one in files.read()[0]] == [20, 3]
    other = MeasuredFiles(tmp_path / "other")
    files.share_with(other, 3)
    assert [one.step for one in other.read()[0]] == [3]
    files.forget()
    assert not files.path.exists()


def test_no_more_than_so_many(result: Measured, tmp_path: Path) -> None:
    files = MeasuredFiles(tmp_path / "measures")
    for step in range(MOST + 3):
        files.keep(at(result, step))
    assert len(files.read()[0]) == MOST


DAMAGES = ["", "{", "[]", "null", "{}", '{"step": 1}', "\ufeff", "[" * 100_000]


@pytest.mark.parametrize("text", DAMAGES)
def test_a_broken_file_is_named_and_the_others_are_whole(result: Measured, tmp_path: Path, text: str) -> None:
    files = MeasuredFiles(tmp_path / "measures")
    for step in (10, 20):
        files.keep(at(result, step))
    broken = files.path / f"{10:012}-classifier-120.json"
    broken.write_text(text, encoding="utf-8")
    found, (problem,) = files.read()
    assert [one.step for one in found] == [20]
    assert broken.name in str(problem)
    assert str(tmp_path) not in str(problem)
    assert "Measure again" in str(problem)
    files.keep(at(result, 10))
    assert files.read()[1] == []


@pytest.mark.parametrize(("name", "value"), [
    ("fd", "12"), ("fd", None), ("fd", True and [1]), ("fd_samples", "many"), ("fd_floor", "low"), ("fd_by", 3), ("class_shares", 5),
    ("class_shares", ["x"]), ("data", None),
])  # fmt: skip
def test_what_is_no_figure_is_not_shown(result: Measured, tmp_path: Path, name: str, value: object) -> None:
    files = MeasuredFiles(tmp_path / "measures")
    files.keep(at(result, 10))
    (file,) = files.path.glob("*")
    said = json.loads(file.read_text(encoding="utf-8"))
    said["found"][name] = value
    file.write_text(json.dumps(said), encoding="utf-8")
    assert files.read()[0] == []
    assert len(files.read()[1]) == 1


def test_a_figure_that_is_no_number_is_not_kept(result: Measured, tmp_path: Path) -> None:
    files = MeasuredFiles(tmp_path / "measures")
    with pytest.raises(DataError):
        files.keep(at(result, 10, fd=float("nan")))
    assert not list(tmp_path.rglob("*.json"))


def test_earlier_figures_only_of_the_same_kind(result: Measured) -> None:
    now = at(result, 100)
    found = now.before("fd", [now, at(result, 10, fd=5.0), at(result, 50, fd=4.0), at(result, 70, fd=3.0, fd_samples=7),
                              at(result, 80, fd=2.0, fd_features_key="others"), at(result, 200, fd=1.0)])  # fmt: skip
    assert found is not None
    assert (found[0], found[1].value) == (50, 4.0)
    assert now.before("fd", [now]) is None


def test_a_branch_has_what_was_measured_until_then(folder: RunFolder, result: Measured, tmp_path: Path) -> None:
    made = store.Store(tmp_path)
    target = made.folder(made.new_id("digits"))
    branching.branch(folder, "source", 3, target, target.path.name, "me")
    assert [one.step for one in target.measured.read()[0]] == [3]


def test_a_reset_forgets_what_was_measured(tmp_path: Path, result: Measured) -> None:
    folder = saved_run(tmp_path / "run")
    folder.measured.keep(at(result, 3))
    folder.restart(folder.config())
    assert folder.measured.read() == ([], [])

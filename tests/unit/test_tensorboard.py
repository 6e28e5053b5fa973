"""Event files of a run, read back by TensorBoard's own reader."""

from __future__ import annotations

import errno
import io
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, metadata

from gan_core import config as settings
from gan_core import serial
from gan_core.cli import main
from gan_core.config import RunConfig
from gan_core.errors import RunError
from gan_core.runs import board, event_file, facts, frames, headless
from gan_core.runs.board import FULL, REFUSED
from gan_core.runs.commands import Pause, Reset, Resume, Stop
from gan_core.runs.event_file import INSTALL, NOT_INSTALLED
from gan_core.runs.folder import RunFolder
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store

LONG = 60.0  # seconds: no turn below is meant to end by its time
ALL = dict.fromkeys(("scalars", "images", "histograms", "tensors"), 0)  # of each as many as there are


def new(path: Path, config: RunConfig | None = None, *, on: bool = True) -> TrainingSession:
    config = config or _tiny.points()
    folder = RunFolder(path / "run")
    folder.create(config, facts.of_new("run", "", config))
    session = TrainingSession("run", "", config, folder)
    if on:
        session.write_events(True)
    session.prepare()
    return session


def train(session: TrainingSession, *steps: int) -> None:
    """Up to each of these steps, and rest there."""
    for step in steps:
        session.send(Resume())
        session.turn(LONG, until_step=step)
        session.send(Pause())
        session.turn(0.0)
        assert session.step == step


def read(session: TrainingSession) -> EventAccumulator:
    assert session.folder is not None
    return EventAccumulator(str(session.folder.events.path), ALL).Reload()


def shown(found: EventAccumulator, prefix: str = "") -> dict[str, list[tuple[int, float]]]:
    """The scalars with a prefix: step and value."""
    tags = [tag for tag in found.Tags()["scalars"] if tag.startswith(prefix)]
    values = {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in tags}
    return {tag: events for tag, events in values.items() if events}  # a purged one leaves its tag


def kept(session: TrainingSession) -> dict[str, list[tuple[int, float]]]:
    """The run's own curves in the same form."""
    rows = session._looker.curves.rows()
    assert (rows.size == 1).all()
    found = {}
    for i, name in enumerate(frames.CURVE_NAMES):
        known = ~np.isnan(rows.mean[:, i])
        if known.any():
            steps, values = rows.last[known].tolist(), rows.low[known, i].tolist()
            found[f"{frames.CURVES[name][0]}/{name}"] = list(zip(steps, values, strict=True))
    return found


def curves(found: EventAccumulator) -> dict[str, list[tuple[int, float]]]:
    panels = {f"{panel}/{name}" for name, (panel, _) in frames.CURVES.items()}
    return {tag: values for tag, values in shown(found).items() if tag in panels}


def hparams(found: EventAccumulator, tag: str, parse: Any) -> Any:
    return parse(found.PluginTagToContent("hparams")[tag])


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainingSession]:
    session = new(tmp_path_factory.mktemp("points"))
    train(session, 10, 20)
    session.change({"g_optimizer.lr": 0.003})
    train(session, 30)
    session.send(Stop())
    session.turn(0.0)
    yield session
    session.release()


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainingSession]:
    session = new(tmp_path_factory.mktemp("digits"), _tiny.pictures())
    train(session, 12)
    yield session
    session.release()


# ── what is in them ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_curves_are_those_of_the_run_in_every_bit(points: TrainingSession) -> None:
    found = curves(read(points))
    assert found == kept(points)
    assert {10, 20, 30} <= {step for step, _ in found["loss/d_loss"]}
    assert {"loss/g_loss", "critic/d_real", "metrics/quality", "distance/swd"} <= found.keys()


def test_the_metrics_at_rest(points: TrainingSession) -> None:
    final = {tag.partition("/")[2]: values[-1] for tag, values in shown(read(points), "final/").items()}
    assert final == {name: (30, np.float32(v)) for name, v in points.final_metrics().items()}


def test_times_are_those_of_the_run(points: TrainingSession) -> None:
    walls = [e.wall_time for e in read(points).Scalars("loss/d_loss")]
    assert points.folder is not None
    written = points.folder.events.files()[-1].stat().st_mtime
    assert walls == sorted(walls)
    assert walls[-1] <= written + 1
    assert walls[0] > written - 600


def test_pictures_of_points_are_drawn_as_the_still_is(points: TrainingSession) -> None:
    pictures = read(points).Images("samples/generated")
    assert pictures[-1].step == 30
    assert [p.step for p in pictures] == sorted({p.step for p in pictures})
    with Image.open(io.BytesIO(pictures[-1].encoded_image_string)) as picture:
        assert picture.size == (board.SIDE, board.SIDE) == (pictures[-1].width, pictures[-1].height)
        assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 100


def test_pictures_are_the_grid_that_viewers_see(digits: TrainingSession) -> None:
    found = read(digits)
    arrays = digits.latest.arrays
    for name, array in (("generated", arrays["fake"]), ("real", arrays["real"])):
        last = found.Images(f"samples/{name}")[-1]
        with Image.open(io.BytesIO(last.encoded_image_string)) as picture:
            pixels = np.asarray(picture)
        columns = math.ceil(math.sqrt(len(array)))
        assert pixels.shape == (8 * math.ceil(len(array) / columns), 8 * columns)
        for i in (0, 1, columns, len(array) - 1):
            row, column = divmod(i, columns)
            np.testing.assert_array_equal(pixels[8 * row : 8 * row + 8, 8 * column : 8 * column + 8], array[i, 0])


@pytest.mark.parametrize("which", ["points", "digits"])
def test_histograms_count_every_weight(which: str, request: pytest.FixtureRequest) -> None:
    session = request.getfixturevalue(which)
    found, trainer = read(session), session.trainer
    for player, network in (("generator", trainer.g), ("discriminator", trainer.d)):
        for name, weights in network.named_parameters():
            event = found.Histograms(f"{player}/{name}")[-1]
            histogram, values = event.histogram_value, weights.detach().double().numpy()
            assert event.step == session.step
            assert (histogram.num, histogram.min, histogram.max) == (values.size, values.min(), values.max())
            assert sum(histogram.bucket) == values.size
            assert histogram.sum == pytest.approx(values.sum())
            assert histogram.sum_squares == pytest.approx((values**2).sum())
            below = np.searchsorted(np.sort(values.reshape(-1)), histogram.bucket_limit[31], side="left")
            assert sum(histogram.bucket[:32]) == pytest.approx(below, abs=1)


def test_what_d_says_of_real_and_generated_samples(points: TrainingSession, digits: TrainingSession) -> None:
    for session, arrays in ((points, points.latest.arrays), (digits, digits.latest.verdicts.arrays)):  # type: ignore[union-attr]
        found = read(session)
        for tag, name in (("real", "logits_real"), ("generated", "logits_fake")):
            logits = arrays.get(name, arrays["logits_live"])
            histogram = found.Histograms(f"d_outputs/{tag}")[-1].histogram_value
            assert (histogram.num, histogram.max) == (logits.size, logits.max())


def test_each_layers_gradient(points: TrainingSession) -> None:
    found = {tag: values[-1][1] for tag, values in shown(read(points), "layer_gradients/").items()}
    norms = points.latest.layers["g"]["norms"], points.latest.layers["d"]["norms"]
    assert list(found.values()) == [np.float32(n) for n in (*norms[0], *norms[1])]
    assert next(iter(found)) == "layer_gradients/g_01_linear"


def test_settings_for_comparing_runs(points: TrainingSession) -> None:
    found = read(points)
    start = hparams(found, metadata.SESSION_START_INFO_TAG, metadata.parse_session_start_info_plugin_data)
    assert points.folder is not None
    config = points.folder.config()
    assert start.hparams["loss"].string_value == config.loss
    assert start.hparams["batch_size"].number_value == 16
    assert start.hparams["generator.hidden"].string_value == "8,8"
    assert start.hparams["g_optimizer.lr"].number_value == settings.get(config, "g_optimizer.lr")
    assert set(start.hparams) == {f.name for f in settings.fields()}
    end = hparams(found, metadata.SESSION_END_INFO_TAG, metadata.parse_session_end_info_plugin_data)
    assert end.status == api_pb2.STATUS_SUCCESS


def test_texts_tell_the_settings_and_how_they_changed(points: TrainingSession) -> None:
    found = read(points)
    text = found.Tensors("config/at_step_0")[0].tensor_proto.string_val[0].decode()
    assert serial.from_toml(text.removeprefix("```toml\n").removesuffix("```")) == points.folder.config()  # type: ignore[union-attr]
    (change,) = found.Tensors("changes")
    assert change.step == 20
    assert "`g_optimizer.lr`: 0.001 → 0.003" in change.tensor_proto.string_val[0].decode()


def test_more_values_than_a_histogram_holds_are_counted_evenly() -> None:
    pack = event_file.Pack()
    histogram = pack._histogram(np.arange(100_000, dtype=np.float32))
    assert 25_000 <= histogram.num <= event_file.MOST_VALUES
    assert histogram.bucket == pytest.approx([histogram.num / 64] * 64, abs=1)
    assert pack._histogram(np.array([np.nan, np.inf])) is None


# ── from start to start ──────────────────────────────────────────────────────────────────────────────────────────────────


def again(session: TrainingSession) -> TrainingSession:
    """The same run as the next process finds it, with nothing said about event files."""
    session.release()
    assert session.folder is not None
    found = headless.resume(session.folder.path)
    found.prepare()
    found.turn(0.0)
    return found


def test_a_run_that_is_resumed_goes_on_writing(tmp_path: Path) -> None:
    session = new(tmp_path)
    train(session, 5, 10)
    session = again(session)
    train(session, 15)
    assert len(session.folder.events.files()) == 2  # type: ignore[union-attr]
    assert curves(read(session)) == kept(session)


def test_steps_that_a_crash_has_lost_are_purged(tmp_path: Path) -> None:
    session = new(tmp_path)
    train(session, 5)
    assert session.folder is not None
    path = session.folder.path
    lost = [*path.glob("checkpoints/*"), *path.glob("history/*")]
    train(session, 10)
    for file in {*path.glob("checkpoints/*"), *path.glob("history/*")} - {*lost}:
        file.unlink()
    session = again(session)
    assert session.step == 5
    train(session, 8)
    found = read(session)
    assert curves(found) == kept(session)
    assert [e.step for e in found.Scalars("loss/d_loss")][-1] == 8


def test_going_back_purges_later_steps(tmp_path: Path) -> None:
    session = new(tmp_path)
    train(session, 5)
    session.send(Resume())
    session.turn(LONG, until_step=9)
    session._look()
    with session._keeper._disk:
        pass
    session._keeper.board.write(moment(session))  # type: ignore[union-attr]
    assert 9 in dict(shown(read(session))["loss/d_loss"])
    with torch.no_grad():
        next(session.trainer.g.parameters()).fill_(math.nan)  # type: ignore[union-attr]
    session.send(Pause())
    session.turn(0.0)
    assert (session.status, session.step) == ("failed", 5)
    found = read(session)
    assert len(session.folder.events.files()) == 2  # type: ignore[union-attr]
    assert [step for step, _ in shown(found)["loss/d_loss"]][-1] == 5
    train(session, 7)
    assert curves(read(session)) == kept(session)


def moment(session: TrainingSession) -> board.Moment:
    state, config = session._keeper.good  # type: ignore[misc]
    return board.Moment(state, config, session._keeper._start, session.facts(), None, [])


def test_a_run_that_begins_anew(tmp_path: Path) -> None:
    session = new(tmp_path)
    train(session, 10)
    (old,) = session.folder.events.files()  # type: ignore[union-attr]
    watching = read(session)
    session.send(Reset(seed=7))
    session.turn(0.0)
    train(session, 4)
    assert session.folder is not None
    emptied, file = session.folder.events.files()
    assert (emptied, emptied.stat().st_size) == (old, 0)
    assert file.name > old.name
    assert curves(read(session)) == kept(session)
    assert curves(watching.Reload()) == kept(session)  # of a TensorBoard that looks on as well
    start = hparams(read(session), metadata.SESSION_START_INFO_TAG, metadata.parse_session_start_info_plugin_data)
    assert start.hparams["seed"].number_value == 7


def test_switched_on_late_it_holds_what_came_before(tmp_path: Path) -> None:
    session = new(tmp_path, on=False)
    train(session, 5)
    session.change({"g_optimizer.lr": 0.01})
    train(session, 10)
    assert session.folder is not None
    assert not session.folder.events.path.exists()
    session.write_events(True)
    session.turn(0.0)  # at once, though it rests
    found = read(session)
    assert curves(found) == kept(session)
    assert [e.step for e in found.Tensors("changes")] == [5]
    times = {e["step"]: e["time"] for e in session.folder.journal() if e["do"] == "pause"}
    walls = {e.step: e.wall_time for e in found.Scalars("loss/d_loss")}
    assert all(walls[step] <= times[step] for step in (5, 10))
    session.write_events(False)
    size = session.folder.events.size()
    train(session, 15)
    assert session.folder.events.size() == size
    session.write_events(True)
    train(session, 20)
    assert curves(read(session)) == kept(session)


# ── limits and refusals ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_written_unless_wanted(tmp_path: Path) -> None:
    session = new(tmp_path, on=False)
    train(session, 10)
    assert session.board is not None
    assert (session.board.is_on, session.board._rows) == (False, [])
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_a_disk_that_refuses_ends_the_writing_and_not_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path)
    train(session, 5)
    assert session.board is not None
    assert session.folder is not None
    with monkeypatch.context() as full:
        full.setattr(event_file, "append", refuse)
        train(session, 10)
        assert session.status == "paused"
        assert session.board.note is not None
        assert session.board.note.template == REFUSED
        assert "No space left" in str(session.board.note)
        train(session, 12)
        assert session.board._rows == []
    session.write_events(True)  # tried again, and nothing is missing
    train(session, 15)
    assert session.board.note is None
    assert curves(read(session)) == kept(session)


def refuse(path: Path, data: bytes) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


class _Full:
    """A file on a disk with room for three more bytes."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        self._file.write(data[:3])
        self._file.flush()
        raise OSError(errno.ENOSPC, "No space left on device")

    def __enter__(self) -> _Full:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_half_a_record_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = tmp_path / "file", Path.open
    event_file.append(path, b"whole")
    with monkeypatch.context() as full:
        full.setattr(Path, "open", lambda self, *words: _Full(opened(self, *words)))
        with pytest.raises(OSError, match="No space"):
            event_file.append(path, b"another")
    assert path.read_bytes() == b"whole"


def test_a_run_has_no_more_than_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path)
    train(session, 5)
    assert session.board is not None
    assert session.folder is not None
    size = session.folder.events.size()
    monkeypatch.setattr(board, "MOST_BYTES", size + 100)
    train(session, 10, 12)
    assert session.board.note is not None
    assert session.board.note.template == FULL
    assert session.folder.events.size() == size
    assert read(session).Tags()["scalars"]


def test_pictures_become_rare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour at a checkpoint every five seconds, on a clock of its own: the growth bounds how many there are."""
    now = [0.0]
    monkeypatch.setattr(board.time, "perf_counter", lambda: now[0])
    session = new(tmp_path)
    train(session, 1)
    assert session.board is not None
    drawn: list[int] = []
    before = session.board._pictures
    monkeypatch.setattr(event_file.Pack, "picture", lambda self, step, *_: drawn.append(step))
    last = moment(session)
    for i in range(720):
        now[0] += 5.0
        view = type(session.latest)(**(vars(session.latest) | {"step": i + 2}))
        said = dict(last.facts) | {"status": "running", "seconds": now[0]}
        session.board.write(board.Moment(last.state, last.config, last.start, said, view, []))
    expected = 200 / 10 + math.log(3600 / 200) / math.log(1.05)
    assert 0.7 * expected < len(drawn) < 1.1 * expected
    monkeypatch.setattr(board, "MOST_PICTURES", session.board._pictures)
    train(session, 3)
    assert len(drawn) == session.board._pictures - before


def test_a_folder_that_is_trimmed_or_discarded(tmp_path: Path) -> None:
    session = new(tmp_path)
    train(session, 5)
    session.release()
    folder = RunFolder(tmp_path / "run")
    events = folder.events.size()
    assert folder.size() > events > 1000
    before = folder.size()
    assert folder.trim() >= events
    assert folder.size() <= before - events + 100
    assert folder.events.size() == 0
    assert folder.events.state.on
    folder.created = True
    folder.discard()
    assert not (folder.path / "tensorboard").exists()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"on": 1, "until": "x"}', '{"on": true}'])
def test_a_damaged_switch_is_off(tmp_path: Path, damage: str) -> None:
    session = new(tmp_path)
    (tmp_path / "run" / "tensorboard" / "state.json").write_text(damage, encoding="utf-8")
    assert not RunFolder(tmp_path / "run").events.state.on
    session.release()


def test_a_server_that_writes_them_of_all_runs(tmp_path: Path) -> None:
    scheduler = Scheduler(Store(tmp_path), workers=1, events=True)
    try:
        session = scheduler.create(_tiny.points(horizon=16 * 40), "me")
        assert session.board is not None
        assert session.board.is_on
    finally:
        scheduler.close()
    assert session.folder is not None
    assert not session.folder.events.state.on  # it is the server that wants them, not the run
    if session.step:
        assert curves(read(session)) == kept(session)


def test_a_journal_that_is_damaged_is_no_reason_to_stop(tmp_path: Path) -> None:
    session = new(tmp_path, on=False)
    train(session, 5)
    assert session.folder is not None
    odd = [{"step": 2, "changes": {"loss": ["a", "b"]}, "time": "x"}, {"step": 2, "time": math.inf}]
    session.folder.cut_journal([*odd, *session.folder.journal()])
    session.write_events(True)
    session.change({"g_optimizer.lr": 0.01})
    train(session, 8)
    assert curves(read(session)) == kept(session)
    assert b"`loss`: a" in read(session).Tensors("changes")[0].tensor_proto.string_val[0]


def test_without_a_folder_there_is_nowhere_to_write() -> None:
    session = TrainingSession("run", "", _tiny.points())
    with pytest.raises(RunError, match="no folder"):
        session.write_events(True)


# ── on the command line ──────────────────────────────────────────────────────────────────────────────────────────────────

TINY = [
    "--preset",
    "ring",
    "--engine",
    "eager",
    "--device",
    "cpu",
    "--set",
    "generator.hidden=8",
    "--set",
    "discriminator.hidden=8",
]


def test_train_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "with space"
    assert main(["train", *TINY, "--steps", "20", "--out", str(out), "--tensorboard"]) == 0
    assert f"tensorboard --logdir '{out / 'tensorboard'}'" in capsys.readouterr().err
    assert main(["train", "--resume", str(out), "--steps", "30"]) == 0
    found = EventAccumulator(str(out / "tensorboard"), ALL).Reload()
    own = RunFolder(out).curves.load(frames.CURVE_NAMES, 30)
    i = frames.CURVE_NAMES.index("d_loss")
    assert shown(found)["loss/d_loss"] == list(
        zip(own.rows().last.tolist(), own.rows().low[:, i].tolist(), strict=True)
    )
    assert 30 in dict(shown(found)["loss/d_loss"])


@pytest.mark.parametrize("words", [["train", *TINY, "--steps", "2"], ["serve", "--no-browser", "--port", "8999"]])
def test_where_tensorboard_is_missing(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    assert main([*words, "--data-dir", str(tmp_path), "--tensorboard"]) == 2
    assert INSTALL in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_run_with_its_switch_on_where_tensorboard_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path)
    train(session, 5)
    size = session.folder.events.size()  # type: ignore[union-attr]
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    session = again(session)
    train(session, 8)
    assert session.board is not None
    assert session.board.note is not None
    assert session.board.note.template == NOT_INSTALLED
    assert session.folder.events.size() == size  # type: ignore[union-attr]
    with pytest.raises(RunError, match="pip install"):
        session.write_events(True)

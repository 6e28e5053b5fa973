"""Kept moments developed again, and films of them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from _tiny import assert_same, pictures, points, trained
from PIL import Image

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import CheckpointError, ExportError, RunError
from gan_core.export import film
from gan_core.export.film import FilmJob, FilmPlan
from gan_core.export.job import Cancelled
from gan_core.export.writers import WRITERS
from gan_core.runs import facts, frames
from gan_core.runs.checkpoint import Saved, copy_state, dump
from gan_core.runs.darkroom import Darkroom
from gan_core.runs.folder import RunFolder
from gan_core.runs.picture import picture
from gan_core.trainer import Trainer

MOMENTS = 10


def keep(path: Path, config: RunConfig, states: bool = True) -> tuple[RunFolder, Trainer]:
    """A run of ten kept moments, and its trainer at the last."""
    folder = RunFolder(path / "ring-20260101-000000-000000")
    folder.create(config, facts.of_new(folder.path.name, "me", config))
    trainer = Trainer(config)
    for _ in range(MOMENTS):
        trainer.step()
        saved = Saved(copy_state(trainer.state_dict()), serial.to_dict(trainer.config), 0, serial.to_dict(config))
        sheet = frames.encode_grid(picture(trainer.players)["arrays"]["fake"]) if config.kind == "images" else None
        folder.history.add(trainer.step_count, dump(saved) if states else None, sheet)
    return folder, trainer


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, Trainer]:
    return keep(tmp_path_factory.mktemp("ring"), points(loss="hinge"))


def test_a_moment_is_what_was_seen_then(ring: tuple[RunFolder, Trainer]) -> None:
    folder, trainer = ring
    room = Darkroom(folder)
    assert room.steps() == list(range(1, MOMENTS + 1))
    wanted = picture(trainer.players)
    for _ in range(2):  # developed, and from the cache
        found = room.snapshot(MOMENTS)
        assert (found.step, found.images) == (MOMENTS, 16 * MOMENTS)
        assert found.extent == wanted["extent"]
        assert all(np.array_equal(found.arrays[name], wanted["arrays"][name]) for name in wanted["arrays"])
    assert room.snapshot(MOMENTS) is found
    first = room.snapshot(1)
    assert not np.array_equal(first.arrays["fake"], found.arrays["fake"])
    assert np.array_equal(
        first.arrays["fake"], trained(points(loss="hinge"), 1).sample(trainer.preview.latents).numpy()
    )


def test_looking_draws_nothing_from_the_run(ring: tuple[RunFolder, Trainer]) -> None:
    folder, _trainer = ring
    torch.manual_seed(1)
    before, one = torch.get_rng_state(), trained(points(), 2)
    Darkroom(folder).snapshot(3)
    one.step()
    assert_same(one.state_dict(), trained(points(), 3).state_dict())
    assert torch.equal(torch.get_rng_state(), before)


def test_changed_settings_are_those_of_the_moment(tmp_path: Path) -> None:
    folder, trainer = keep(tmp_path, points(loss="hinge"))
    trainer.change(
        serial.from_dict(serial.to_dict(trainer.config) | {"loss": "non_saturating", "g_optimizer": {"name": "sgd"}})
    )
    trainer.step()
    folder.history.add(11, dump(Saved(copy_state(trainer.state_dict()), serial.to_dict(trainer.config))))
    room = Darkroom(folder)
    assert [room.snapshot(step).field_kind for step in (3, 11, 4)] == ["critic", "probability", "critic"]


def test_what_is_not_kept_or_damaged_is_said(tmp_path: Path) -> None:
    folder, _trainer = keep(tmp_path, points())
    with pytest.raises(RunError, match="step 77"):
        Darkroom(folder).snapshot(77)
    file = folder.history.state_file(4)
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(CheckpointError):
        Darkroom(folder).snapshot(4)


def test_many_threads_may_ask(ring: tuple[RunFolder, Trainer]) -> None:
    room, found = Darkroom(ring[0]), []
    threads = [
        threading.Thread(target=lambda: found.extend(room.snapshot(s).step for s in range(1, 6))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(list(range(1, 6)) * 4)


@pytest.mark.parametrize("states", [True, False])
def test_pictures_come_from_weights_or_from_the_kept_sheet(tmp_path: Path, states: bool) -> None:
    folder, trainer = keep(tmp_path, pictures(), states)
    found = Darkroom(folder).snapshot(MOMENTS)
    assert np.array_equal(
        found.arrays["fake"], picture(trainer.players)["arrays"]["fake"]
    )  # small pictures are kept without loss
    film.make(folder, FilmPlan("webp", 2, 240), tmp_path / "a.webp")
    with Image.open(tmp_path / "a.webp") as made:
        assert made.size == (240, 268)


# ── films ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_steps_are_evenly_apart_and_bounded() -> None:
    plan = FilmPlan("mp4", 30, 480)
    kept = [round(1.1**i) for i in range(20, 120)]  # far denser at the beginning
    found = film.chosen(sorted(set(kept)), plan)
    assert len(found) == 150
    wanted = np.linspace(kept[0], kept[-1], 150)
    assert all(abs(step - at) == min(abs(k - at) for k in kept) for step, at in zip(found, wanted, strict=True))
    assert len(film.chosen(list(range(10_000)), plan)) == 300
    assert len(film.chosen(list(range(10_000)), FilmPlan("gif", 30, 480))) == 150
    assert len(film.chosen(list(range(10)), FilmPlan("mp4", 2, 480))) == 10


@pytest.mark.parametrize("kind", list(WRITERS))
def test_every_format_shows_every_moment_in_time(ring: tuple[RunFolder, Trainer], kind: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    film.make(ring[0], FilmPlan(kind, 2, 240), tmp_path / f"a.{kind}", lambda done, total: told.append((done, total)))
    assert told[-1] == (10, 10)
    assert [file.name for file in tmp_path.iterdir()] == [f"a.{kind}"]
    size, seconds = (240, 268), 3.0  # with the last picture held
    if kind == "mp4":
        import imageio_ffmpeg

        stream = imageio_ffmpeg.read_frames(str(tmp_path / "a.mp4"))
        head = next(stream)
        assert (head["source_size"], head["codec"]) == (size, "h264")
        assert head["duration"] == pytest.approx(seconds, abs=0.2)
        shown = [np.frombuffer(data, np.uint8).reshape(268, 240, 3) for data in stream]
    else:
        with Image.open(tmp_path / f"a.{kind}") as made:
            assert made.n_frames == 10
            durations, shown = [], []
            for i in range(made.n_frames):
                made.seek(i)
                made.load()
                durations.append(made.info["duration"])
                shown.append(np.asarray(made.convert("RGB")))
            assert made.size == size
            assert sum(durations) == pytest.approx(1000 * seconds, abs=20)
    last = np.asarray(film.picture(Darkroom(ring[0]), MOMENTS, MOMENTS, 240), int)
    assert np.abs(shown[-1].astype(int) - last).mean() < 6  # lossy, but this picture
    assert np.abs(shown[0].astype(int) - last).mean() > np.abs(shown[-1].astype(int) - last).mean()


def test_the_step_is_written_beneath(ring: tuple[RunFolder, Trainer]) -> None:
    room = Darkroom(ring[0])
    one, other = (np.asarray(film.picture(room, step, 10, 360))[360:] for step in (3, 4))
    assert (one[:, :100].sum(2) < 300).any()
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    "plan",
    [{"kind": "avi"}, {"seconds": 0.1}, {"seconds": 1e9}, {"side": 10}, {"side": 1081}, {"kind": "gif", "side": 1080}],
)
def test_what_a_film_cannot_be(plan: dict[str, object]) -> None:
    with pytest.raises(ExportError):
        FilmPlan(**plan)  # type: ignore[arg-type]


def test_too_few_moments_and_a_cancelled_film_leave_nothing(ring: tuple[RunFolder, Trainer], tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="7 moments"):
        film.chosen(list(range(7)), FilmPlan())

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise Cancelled

    for kind in WRITERS:
        with pytest.raises(Cancelled):
            film.make(ring[0], FilmPlan(kind, 2, 240), tmp_path / "a", stop)
    assert not list(tmp_path.iterdir())


def wait(job: FilmJob) -> None:
    deadline = time.monotonic() + 60
    while job.is_active:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_job_makes_one_film_at_a_time_and_cleans_up(ring: tuple[RunFolder, Trainer], tmp_path: Path) -> None:
    first, second = (FilmJob(ring[0], FilmPlan("webp", 2, 240), "r") for _ in range(2))
    second.cancel()
    wait(first)
    wait(second)
    assert (first.status, first.share, second.status) == ("done", 1.0, "cancelled")
    assert first.data()[8:12] == b"WEBP"
    assert first.name == "r.webp"
    room = first._room
    first.discard()
    assert not room.exists()
    empty = RunFolder(tmp_path / "none")
    failed = FilmJob(empty, FilmPlan("webp", 2, 240), "n")
    wait(failed)
    assert failed.status == "failed"
    assert isinstance(failed.error, ExportError)
    assert not failed._room.exists()

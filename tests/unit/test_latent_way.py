"""Interpolation: ways through keyframes, and films of them in every format."""

from __future__ import annotations

import io
import math
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from _tiny import pictures, points
from PIL import Image

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.data.sets import to_pixels
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.export.writers import FORMATS
from gan_core.latent import tools  # noqa: F401  (registers what can be asked)
from gan_core.latent.asking import Answer, CalledOffError, asked_for
from gan_core.latent.explorer import Explorer, Room
from gan_core.latent.tools import way
from gan_core.runs import facts
from gan_core.runs.checkpoint import Saved, copy_state, dump
from gan_core.runs.folder import RunFolder
from gan_core.runs.stills import NEUTRAL, Plane, enlarged
from gan_core.trainer import Trainer

KEYS = [{"seed": 1}, {"seed": 2}, {"seed": 3}]


def room_of(path: Path, config: RunConfig) -> Room:
    """A run of three steps."""
    folder = RunFolder(path / "ring-20260101-000000-000000")
    folder.create(config, facts.of_new(folder.path.name, "me", config))
    trainer = Trainer(config)
    for _ in range(3):
        trainer.step()
    saved = Saved(copy_state(trainer.state_dict()), serial.to_dict(trainer.config), 0, serial.to_dict(config))
    folder.history.add(trainer.step_count, dump(saved))
    explorer = Explorer(folder)
    return explorer.room(explorer.newest())


KINDS: dict[str, RunConfig] = {
    "points": points(),
    "pictures": pictures(latent__dim=8),
    "uniform": points(latent__distribution="uniform"),
    "classes": pictures(generator__conditioning="concat", discriminator__conditioning="concat"),
    "styles": pictures(generator__network="style"),
    "vae": pictures(method="vae", penalty="none"),
}


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Room]:
    return {name: room_of(tmp_path_factory.mktemp(name), config) for name, config in KINDS.items()}


def tell(_share: float, _so_far: Answer | None = None) -> None: ...


def ask(room: Room, name: str, **asked: Any) -> Answer:
    return asked_for(name).answer(room, asked, tell)


def drawn(room: Room, latents: torch.Tensor) -> np.ndarray:
    samples = room.explored.draw(latents)
    return samples.numpy() if room.explored.config.kind == "points" else to_pixels(samples).numpy()


# ── the way ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("form", ["straight", "arc"])
def test_every_keyframe_is_exactly_on_the_way(rooms: dict[str, Room], kind: str, closed: bool, form: str) -> None:
    room = rooms[kind]
    found = ask(room, "way", keyframes=KEYS, closed=closed, way=form, count=20)
    stretches = 3 if closed else 2
    each = round((20 - (not closed)) / stretches)
    assert len(found.arrays["samples"]) == stretches * each + (not closed)
    assert found.facts["keyframes"] == [0, each, 2 * each]
    np.testing.assert_allclose(found.facts["t"], np.arange(len(found.facts["t"])) / (stretches * each))
    keys = torch.stack([room.settled(place) for place in KEYS])
    np.testing.assert_allclose(found.arrays["samples"][found.facts["keyframes"]], drawn(room, keys), atol=1)
    made = way._Way(room, {"keyframes": KEYS, "closed": closed, "way": form}).latents(each)
    assert torch.equal(made[[0, each, 2 * each]], keys)
    dim = room.explored.dim
    np.testing.assert_allclose(found.facts["lengths"], np.linalg.norm(made[:, :dim].numpy(), axis=1), rtol=1e-6)


def test_an_open_way_is_written_out(rooms: dict[str, Room]) -> None:
    """The straight one, in NumPy."""
    room = rooms["pictures"]
    a, b, c = (room.settled(place).numpy() for place in KEYS)
    made = way._Way(room, {"keyframes": KEYS, "way": "straight"}).latents(4).numpy()
    wanted = [a + (b - a) * k / 4 for k in range(4)] + [b + (c - b) * k / 4 for k in range(5)]
    np.testing.assert_allclose(made, np.stack(wanted), atol=1e-6)


def test_on_an_arc_between_equal_lengths_the_length_stays(rooms: dict[str, Room]) -> None:
    from gan_core.latent.reading import as_base64

    room = rooms["pictures"]
    rows = torch.nn.functional.normalize(room.explored.many(3, 9), dim=1) * 2.5
    keys = [{"at": as_base64(row)} for row in rows]
    for closed in (False, True):
        found = ask(room, "way", keyframes=keys, closed=closed, way="arc", count=24).facts
        np.testing.assert_allclose(found["lengths"], 2.5, rtol=1e-5)
        assert min(found["other"]) < 2.3  # the straight one is shorter between them
        swapped = ask(room, "way", keyframes=keys, closed=closed, way="straight", count=24).facts
        np.testing.assert_allclose(swapped["lengths"], found["other"], rtol=1e-6)


@pytest.mark.parametrize("kind", ["points", "pictures", "classes"])
def test_scores_are_ds(rooms: dict[str, Room], kind: str) -> None:
    room = rooms[kind]
    found = ask(room, "way", keyframes=KEYS, way="arc", count=12)
    made = way._Way(room, {"keyframes": KEYS}).latents(6)
    wanted = room.explored.scores(room.explored.draw(made), made)
    np.testing.assert_allclose(found.facts["logits"], wanted, atol=1e-5)


def test_without_d_there_are_no_scores(rooms: dict[str, Room]) -> None:
    found = ask(rooms["vae"], "way", keyframes=KEYS, count=12).facts
    assert set(found["logits"]) == {None}


@pytest.mark.parametrize(("kind", "spread"), [("pictures", 1.0), ("uniform", 1 / math.sqrt(3))])
def test_the_usual_lengths_are_those_of_noise(rooms: dict[str, Room], kind: str, spread: float) -> None:
    room = rooms[kind]
    low, middle, high = ask(room, "way", keyframes=KEYS, count=8).facts["usual"]
    rng = np.random.default_rng(0)
    size = (100_000, room.explored.dim)
    noise = rng.standard_normal(size) if spread == 1 else rng.uniform(-1, 1, size)
    wanted = np.quantile(np.linalg.norm(noise, axis=1), [0.05, 0.5, 0.95])
    np.testing.assert_allclose([low, middle, high], wanted, rtol=0.06)


def test_in_styles_the_way_is_straight_and_its_length_is_from_the_mean(rooms: dict[str, Room]) -> None:
    room = rooms["styles"]
    found = ask(room, "way", keyframes=KEYS, space="w", closed=True, way="arc", count=12).facts
    keys = room.explored.styles(torch.stack([room.settled(place) for place in KEYS])).numpy()
    mean = room.explored.mean_style.numpy()
    wanted = []
    for a, b in zip(keys, np.roll(keys, -1, 0), strict=True):
        wanted += [np.linalg.norm(a + (b - a) * k / 4 - mean, axis=1).mean() for k in range(4)]
    np.testing.assert_allclose(found["lengths"], wanted, rtol=1e-4)
    assert found["other"] is None
    assert found["usual"][0] < found["usual"][1] < found["usual"][2]
    with pytest.raises(ConfigError, match="style"):
        ask(rooms["pictures"], "way", keyframes=KEYS, space="w")


def test_between_classes(rooms: dict[str, Room]) -> None:
    """The same latent, asked for one class and then for another: only what lies behind it goes over."""
    room = rooms["classes"]
    keys = [{"of": {"seed": 4}, "class": 1}, {"seed": 4, "class": 7}]
    made = way._Way(room, {"keyframes": keys, "way": "arc"}).latents(4)
    dim = room.explored.dim
    assert torch.allclose(made[:, :dim], room.settled({"seed": 4})[:dim].expand(5, dim))
    np.testing.assert_allclose(made[:, dim + 1], [1, 0.75, 0.5, 0.25, 0])
    np.testing.assert_allclose(made[:, dim + 7], [0, 0.25, 0.5, 0.75, 1])
    found = ask(room, "way", keyframes=keys, count=8).arrays["samples"]
    assert not np.array_equal(found[0], found[-1])


def test_truncation_and_channels_count(rooms: dict[str, Room]) -> None:
    room = rooms["pictures"]
    found = ask(room, "way", keyframes=KEYS, count=8, psi=0.0).arrays["samples"]
    assert (found == found[0]).all()
    usual = ask(room, "way", keyframes=KEYS, count=8).arrays["samples"]
    assert not np.array_equal(usual, ask(room, "way", keyframes=KEYS, count=8, off=[[0, 0, 0]]).arrays["samples"])


@pytest.mark.parametrize(
    "change",
    [
        {"keyframes": KEYS[:1]}, {"keyframes": KEYS * 5}, {"keyframes": [{}, {}]}, {"keyframes": "x"}, {"way": "round"}, {"space": "x"},
        {"closed": 1}, {"count": 7}, {"count": 65}, {"count": 20.5}, {"psi": "x"},
    ],
)  # fmt: skip
def test_what_is_no_way(rooms: dict[str, Room], change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        ask(rooms["pictures"], "way", **({"keyframes": KEYS} | change))


# ── films ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def opened(data: bytes, code: str, size: tuple[int, int], rate: int = 10) -> tuple[list[np.ndarray], int]:
    """What a film shows at each 1/rate of a second, as RGB, and how many pictures its file has."""
    if code == "png":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            names = archive.namelist()
            assert names == sorted(names)
            found = [np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB")) for name in names]
            return found, len(found)
    if code == "mp4":
        import imageio_ffmpeg

        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a.mp4").write_bytes(data)
            stream = imageio_ffmpeg.read_frames(str(Path(folder) / "a.mp4"))
            head = next(stream)
            assert (head["source_size"], head["codec"], head["fps"]) == (size, "h264", rate)
            found = [np.frombuffer(frame, np.uint8).reshape(size[1], size[0], 3) for frame in stream]
            return found, len(found)
    shown = []
    with Image.open(io.BytesIO(data)) as made:
        assert made.format == {"gif": "GIF", "webp": "WEBP"}[code]
        for i in range(made.n_frames):
            made.seek(i)
            made.load()
            times = made.info["duration"] * rate / 1000
            assert times == round(times)
            shown += [np.asarray(made.convert("RGB"))] * round(times)
        return shown, made.n_frames


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("code", list(FORMATS))
@pytest.mark.parametrize("kind", ["points", "pictures", "classes"])
@pytest.mark.parametrize("closed", [False, True])
def test_films(rooms: dict[str, Room], folders: Path, code: str, kind: str, closed: bool) -> None:
    room = rooms[kind]
    how: dict[str, Any] = {"keyframes": KEYS, "way": "arc", "closed": closed}
    found = ask(room, "film", **how, format=code, seconds=1.2, rate=10, size=256)
    assert not list(folders.iterdir())
    count = 12 if closed else 13  # each stretch has as many pictures, and an open way its end
    assert found.facts["pictures"] == count
    assert found.facts["size"] == [256, 256]
    assert found.facts["mime"] == FORMATS[code].mime
    assert found.arrays["film"].dtype == np.uint8
    shown, stored = opened(found.arrays["film"].tobytes(), code, (256, 256))
    rest = 0 if closed or code == "png" else 10  # an open film rests a second at its end
    assert len(shown) == count + rest
    if kind != "classes":  # so early its pictures are nearly alike, and WebP has one stay longer instead of the next
        assert stored == count + (rest if code == "mp4" else 0)
    assert {frame.shape for frame in shown} == {(256, 256, 3)}
    made = way._Way(room, how)
    latents = made.latents(4 if closed else 6)
    picture = way._pictures(room.explored, drawn(room, latents), 256, closed)
    for i, frame in enumerate(shown):
        wanted = np.asarray(picture(min(i, count - 1))).astype(int)
        assert np.abs(frame.astype(int) - wanted).mean() < (0.01 if code == "png" else 8)


def test_a_film_through_styles(rooms: dict[str, Room]) -> None:
    """As PNG: other formats show equal pictures as one that stays longer, and so soon styles change little."""
    room = rooms["styles"]
    found = ask(room, "film", keyframes=KEYS, space="w", format="png", seconds=1, rate=10, size=256)
    shown, _ = opened(found.arrays["film"].tobytes(), "png", (256, 256))
    assert len(shown) == found.facts["pictures"] == 9
    keys = room.explored.styles(torch.stack([room.settled(place) for place in KEYS]))
    for frame, sample in zip(shown[::4], drawn(room, keys), strict=True):
        assert np.array_equal(frame, np.asarray(enlarged(sample, 256, 256)))


def test_a_loop_closes(rooms: dict[str, Room]) -> None:
    """The first picture follows the last as any other follows the one before it."""
    room = rooms["pictures"]
    found = ask(room, "film", keyframes=KEYS, closed=True, format="png", seconds=3, rate=20, size=256)
    shown, _ = opened(found.arrays["film"].tobytes(), "png", (256, 256))
    assert len(shown) == 60
    steps = [
        np.abs(a.astype(float) - b.astype(float)).mean() for a, b in zip(shown, [*shown[1:], shown[0]], strict=True)
    ]
    assert 0 < steps[-1] <= max(steps[:-1])


def test_pictures_are_enlarged_pixel_by_pixel() -> None:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (3, 8, 8), dtype=np.uint8)
    large = np.asarray(enlarged(small, 300, 256))
    assert large.shape == (296, 296, 3)
    assert np.array_equal(large, np.kron(small.transpose(1, 2, 0), np.ones((37, 37, 1), np.uint8)))
    assert enlarged(small[:1], 256, 256).size == (256, 256)
    assert enlarged(np.zeros((1, 27, 27), np.uint8), 256, 256).size == (270, 270)
    assert enlarged(np.zeros((1, 32, 64), np.uint8), 256, 256).size == (512, 256)
    assert enlarged(np.zeros((3, 300, 300), np.uint8), 256, 256).size == (300, 300)


def test_a_moving_point_is_where_it_is() -> None:
    extent = (-2.0, 2.0, -2.0, 2.0)
    line = np.array([[-1, -1], [1, -1], [1, 1]], np.float32)
    plane = Plane(np.array([[0, 0]], np.float32), line, extent, 400, closed=False)
    here = np.asarray(plane.at(np.array([1, 1], np.float32))).astype(int)  # column 300, row 100

    def is_orange(row: int, column: int) -> bool:
        red, _green, blue = here[row, column]
        return bool(red > blue + 60)

    assert is_orange(100, 300)
    assert is_orange(300, 200)  # on the way from the first to the second
    assert not is_orange(200, 200)
    assert here[200, 200, 2] > here[200, 200, 0]  # a real point
    assert tuple(here[50, 50]) == NEUTRAL
    assert tuple(here[200, 120]) == NEUTRAL  # it does not go back
    closed = np.asarray(Plane(line[:0], line, extent, 400, closed=True).at(line[0])).astype(int)
    assert closed[200, 200, 0] > closed[200, 200, 2] + 60


@pytest.mark.parametrize("code", list(FORMATS))
def test_called_off_it_leaves_nothing(rooms: dict[str, Room], folders: Path, code: str) -> None:
    shares: list[float] = []

    def until(share: float, _so_far: Answer | None = None) -> None:
        shares.append(share)
        if share > way._SLOW_PART + 0.3:
            raise CalledOffError

    asked = {"keyframes": KEYS, "format": code, "seconds": 2, "rate": 10, "size": 256}
    with pytest.raises(CalledOffError):
        asked_for("film").answer(rooms["pictures"], asked, until)
    assert len(shares) > 3
    assert not list(folders.iterdir())


def test_what_breaks_leaves_nothing(rooms: dict[str, Room], folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "_MOST_BYTES", 100)
    with pytest.raises(PlaygroundError, match="MB"):
        ask(rooms["pictures"], "film", keyframes=KEYS, format="webp", seconds=1, rate=10, size=256)
    assert not list(folders.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        {"format": "avi"}, {"format": None}, {"seconds": 0.5}, {"seconds": 31}, {"rate": 9}, {"rate": 26}, {"rate": 12.5}, {"size": 255},
        {"size": 1081}, {"format": "gif", "size": 721}, {"format": "gif", "seconds": 8, "rate": 25}, {"keyframes": KEYS[:1]},
    ],
)  # fmt: skip
def test_what_is_no_film(rooms: dict[str, Room], change: dict[str, Any]) -> None:
    asked = {"keyframes": KEYS, "format": "mp4", "seconds": 2, "rate": 10, "size": 256}
    with pytest.raises(ConfigError):
        ask(rooms["pictures"], "film", **(asked | change))


@pytest.mark.parametrize("kind", ["points", "pictures"])
def test_every_film_on_offer_can_be_made(rooms: dict[str, Room], kind: str) -> None:
    said = ask(rooms[kind], "formats").facts
    assert [entry["code"] for entry in said["formats"]] == list(FORMATS)
    for entry in said["formats"]:
        writer = FORMATS[entry["code"]]
        assert entry["sizes"] == sorted(set(entry["sizes"]))
        assert way.SMALLEST <= entry["sizes"][0] <= entry["sizes"][-1] <= writer.side
        made = ask(rooms[kind], "film", keyframes=KEYS[:2], format=entry["code"], seconds=1, rate=said["rates"][0],
                   size=entry["sizes"][-1])  # fmt: skip
        assert max(made.facts["size"]) == entry["sizes"][-1]
    with pytest.raises(ConfigError, match="at most"):
        ask(rooms[kind], "film", keyframes=KEYS, format="gif", seconds=30, rate=10, size=256)


def test_twelve_keyframes_are_no_more_pictures_than_there_may_be(rooms: dict[str, Room]) -> None:
    keys = [{"seed": seed} for seed in range(12)]
    for closed in (False, True):
        made = way._Way(rooms["points"], {"keyframes": keys, "closed": closed})
        assert len(made.latents(made.each(150, 150))) <= 150
        assert len(made.latents(made.each(8))) == 12

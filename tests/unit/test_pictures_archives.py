"""Archives and folders from outside: what is read of them, and what is not."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from gan_core.pictures.archives import Walk
from gan_core.pictures.limits import Limits
from gan_core.pictures.members import clean, is_hidden
from tests.unit._own_pictures import png, tar_of, walked, zip_of

FILES = {f"{number}.png": png(number) for number in range(3)}


@pytest.mark.parametrize("how", ["w", "w:gz", "w:bz2", "w:xz"])
def test_every_tar_is_read(tmp_path: Path, how: str) -> None:
    assert walked(tar_of(tmp_path / "a.tar", FILES, how)) == (FILES, [])


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_zip_is_read(tmp_path: Path, how: int) -> None:
    assert walked(zip_of(tmp_path / "a.zip", FILES, how)) == (FILES, [])


@pytest.mark.parametrize(
    "name", ["/etc/passwd.png", "../up.png", "a/../../up.png", "C:\\up.png", "..\\up.png", "\\\\host\\up.png"]
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    for path in (
        zip_of(tmp_path / "a.zip", FILES | {name: png(9)}),
        tar_of(tmp_path / "a.tar", FILES | {name: png(9)}),
    ):
        members, refused = walked(path)
        assert members == FILES
        assert [code for code, _ in refused] == ["path"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("link.png")
    info.type, info.linkname = kind, "/etc/passwd"
    members, refused = walked(tar_of(tmp_path / "a.tar", FILES, extra=[info]))
    is_link = kind in (tarfile.SYMTYPE, tarfile.LNKTYPE)
    assert members == FILES
    assert refused == [("link" if is_link else "special", "link.png")]


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", FILES)
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("link.png")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert walked(path) == (FILES, [("link", "link.png")])


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "s.png").write_bytes(png(7))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "0.png").write_bytes(FILES["0.png"])
    (folder / "link.png").symlink_to(tmp_path / "secret" / "s.png")
    (folder / "dir").symlink_to(tmp_path / "secret", target_is_directory=True)
    members, refused = walked(folder)
    assert list(members.values()) == [FILES["0.png"]]
    assert [code for code, _ in refused] == ["link", "link"]


def test_a_bomb_of_one_file_is_read_no_further_than_allowed(tmp_path: Path) -> None:
    """A directory that lies about the size: 50 MB of zeros behind a small number."""
    path = zip_of(tmp_path / "a.zip", {"bomb.png": bytes(50_000_000)})
    assert path.stat().st_size < 100_000
    data = path.read_bytes().replace((50_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(zipfile.BadZipFile):  # it is read as far as it says, and then its checksum is wrong
        walked(path, limits=Limits(file=2000))
    honest = zip_of(tmp_path / "b.zip", {"bomb.png": bytes(50_000_000)})
    assert walked(honest, limits=Limits(file=2000)) == ({}, [("file", "bomb.png")])


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_bomb_of_many_files_ends_where_it_is_too_much(tmp_path: Path, kind: str) -> None:
    files = {f"{number:02}.png": bytes(100_000) for number in range(40)}
    path = zip_of(tmp_path / "a.zip", files) if kind == "zip" else tar_of(tmp_path / "a.tgz", files)
    members, refused = walked(path, limits=Limits(unpacked=1_000_000))
    assert 5 <= len(members) <= 10
    assert [code for code, _ in refused] == ["bomb"]


def test_an_archive_that_ends_early(tmp_path: Path) -> None:
    files = {f"{number}.png": png(number, width=60, height=60) for number in range(8)}
    whole = tar_of(tmp_path / "a.tar", files, "w").read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[: len(whole) // 3])
    limits = Limits()
    refused = []
    walk = Walk([(tmp_path / "a.tar", "a.tar")], limits)
    for found in walk:
        if hasattr(found, "code"):
            refused.append(found.code)
    assert refused == ["archive"]
    data = zip_of(tmp_path / "a.zip", files).read_bytes()
    (tmp_path / "a.zip").write_bytes(data[: len(data) // 2])
    assert walked(tmp_path / "a.zip") == ({}, [("archive", "a.zip")])


def test_packed_tars_that_end_early_are_no_whole_ones(tmp_path: Path) -> None:
    whole = tar_of(tmp_path / "a.tgz", {f"{n}.png": png(n, width=60, height=60) for n in range(8)}).read_bytes()
    for part in (0.1, 0.5, 0.999):
        (tmp_path / "a.tgz").write_bytes(whole[: int(len(whole) * part)])
        refused = [found.code for found in Walk([(tmp_path / "a.tgz", "a.tgz")], Limits()) if hasattr(found, "code")]
        assert refused == ["archive"]


def test_names_of_all_alphabets_and_of_none(tmp_path: Path) -> None:
    names = ["猫/一.png", "قطط/واحد.png", "Kätzchen/ü.png"]
    files = {name: png(number) for number, name in enumerate(names)}
    assert set(walked(zip_of(tmp_path / "a.zip", files))[0]) == set(names)
    assert set(walked(tar_of(tmp_path / "a.tar", files))[0]) == set(names)
    raw = {"\udcff\udcfe.png": png(5)}
    members, refused = walked(tar_of(tmp_path / "b.tar", raw))
    assert list(members) == ["\ufffd\ufffd.png"]
    assert not refused
    assert clean("a\nb\x1b[31m/\u202ec.png").isprintable()
    assert len(clean("x" * 5000)) <= 200


def test_names_in_utf8_without_the_flag_are_read_as_such(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"aaaaaa.png": png(1)})
    path.write_bytes(path.read_bytes().replace(b"aaaaaa", "猫狗".encode()))
    assert list(walked(path)[0]) == ["猫狗.png"]


def test_what_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    more = {"__MACOSX/._0.png": b"x", ".DS_Store": b"x", "a/Thumbs.db": b"x"}
    assert walked(zip_of(tmp_path / "a.zip", FILES | more)) == (FILES, [])
    assert is_hidden("a/.git/x")
    assert not is_hidden("a/b.png")


def test_too_many_entries_end_the_reading(tmp_path: Path) -> None:
    for path in (zip_of(tmp_path / "a.zip", FILES), tar_of(tmp_path / "a.tar", FILES)):
        members, refused = walked(path, limits=Limits(entries=2))
        assert len(members) == 2
        assert [code for code, _ in refused] == ["entries"]


def test_what_is_no_archive_that_is_read_here(tmp_path: Path) -> None:
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    (tmp_path / "a.zip").write_bytes(b"no archive at all")
    assert walked(tmp_path / "a.7z")[1] == [("packing", "a.7z")]
    assert walked(tmp_path / "a.zip")[1] == [("archive", "a.zip")]


def test_several_archives_at_once_are_kept_apart(tmp_path: Path) -> None:
    one, two = zip_of(tmp_path / "cats.zip", FILES), tar_of(tmp_path / "dogs.tar.gz", FILES)
    members, _ = walked(one, two)
    assert set(members) == {f"{kind}/{name}" for kind in ("cats", "dogs") for name in FILES}


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"0.png": png(0)})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(bytes(data))
    assert walked(path) == ({}, [("encrypted", "0.png")])


@pytest.mark.parametrize("count", [3000, pytest.param(200_000, marks=pytest.mark.long)])
def test_very_many_tiny_files(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for number in range(count):
            info = tarfile.TarInfo(f"{number}.png")
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
    assert sum(1 for found in Walk([(path, "a.tar")], Limits()) if not hasattr(found, "code")) == count

"""Reading tags from files of every supported format; mutagen wrote them into files made by ffmpeg."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen import id3 as annotated_id3

from mcfs.errors import TagsError
from mcfs.imports.file_tags import read_tags

# mutagen's annotations are incomplete: constructors of frames have none.
id3: Any = annotated_id3
DATA = Path(__file__).parent / "data"

TAGS = {
    "artist": ("AC/DC", "Кино"),
    "albumartist": ("Various",),
    "title": ("T.N.T. \n2",),
    "album": ("=!",),
    "genre": ("Dub", "Techno"),
    "composer": ("J. S. Bach",),
    "grouping": ("set",),
    "year": ("1997-05-12",),
    "tracknumber": ("7",),
    "comment": ("é 🎹",),
    "key": ("F♯m",),
    "bpm": ("126.90",),
}
_FRAMES: dict[str, Any] = {
    "artist": id3.TPE1,
    "albumartist": id3.TPE2,
    "title": id3.TIT2,
    "album": id3.TALB,
    "genre": id3.TCON,
    "composer": id3.TCOM,
    "grouping": id3.TIT1,
    "year": id3.TDRC,
    "tracknumber": id3.TRCK,
    "key": id3.TKEY,
    "bpm": id3.TBPM,
}
_WRITTEN = {**TAGS, "tracknumber": ("7/12",), "bpm": ("126.9",)}


def _id3(tags: Any) -> None:
    for name, frame in _FRAMES.items():
        tags.add(frame(encoding=3, text=list(_WRITTEN[name])))
    tags.add(id3.COMM(encoding=3, lang="eng", desc="", text=list(TAGS["comment"])))
    tags.add(id3.COMM(encoding=3, lang="eng", desc="iTunNORM", text=["0000 0000"]))


def _vorbis(tags: Any) -> None:
    for name, values in _WRITTEN.items():
        tags[{"year": "DATE", "key": "initialkey"}.get(name, name)] = list(values)


def _mp4(tags: Any) -> None:
    atoms = {"\xa9ART": "artist", "aART": "albumartist", "\xa9nam": "title", "\xa9alb": "album"}
    atoms |= {"\xa9gen": "genre", "\xa9wrt": "composer", "\xa9grp": "grouping"}
    atoms |= {"\xa9day": "year", "\xa9cmt": "comment"}
    for atom, name in atoms.items():
        tags[atom] = list(TAGS[name])
    tags["trkn"] = [(7, 12)]
    for name, text in (("initialkey", "F♯m"), ("BPM", "126.9")):
        tags[f"----:com.apple.iTunes:{name}"] = [text.encode()]
    tags["tmpo"] = [127]


KINDS: dict[str, Callable[[Any], None]] = {
    "mp3": _id3,
    "wav": _id3,
    "aiff": _id3,
    "flac": _vorbis,
    "ogg": _vorbis,
    "opus": _vorbis,
    "m4a": _mp4,
}


def tagged(folder: Path, kind: str, write: Callable[[Any], None]) -> Path:
    """A file with these tags."""
    path = folder / f"tagged.{kind}"
    shutil.copyfile(DATA / f"sound.{kind}", path)
    opened: Any = mutagen.File(path)
    if opened.tags is None:
        opened.add_tags()
    write(opened.tags)
    opened.save()
    return path


def read(path: Path) -> dict[str, tuple[str, ...]]:
    """The tags of a file, without duration and bitrate."""
    fields = read_tags(path, path.name)
    assert 0.4 < float(fields.pop("duration")[0]) < 0.7
    assert int(fields.pop("bitrate")[0]) > 0
    return fields


@pytest.mark.parametrize("kind", KINDS)
def test_every_field(tmp_path: Path, kind: str) -> None:
    assert read(tagged(tmp_path, kind, KINDS[kind])) == TAGS


@pytest.mark.parametrize("kind", KINDS)
def test_no_tags_at_all(tmp_path: Path, kind: str) -> None:
    assert read(DATA / f"sound.{kind}") == {}


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_of_the_content_does_not_matter(tmp_path: Path, kind: str) -> None:
    """Annex objects need not have an extension."""
    content = tmp_path / "MD5-s1--0"
    shutil.copyfile(DATA / f"sound.{kind}", content)
    assert "duration" in read_tags(content, f"a.{kind}")


def _frames(*frames: Any) -> Callable[[Any], None]:
    def write(tags: Any) -> None:
        for frame in frames:
            tags.add(frame)

    return write


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([id3.TBPM(text=["0"])], {}),
        ([id3.TBPM(text=["fast"])], {}),
        ([id3.TBPM(text=["128"])], {"bpm": ("128.00",)}),
        ([id3.TCON(text=["(17)"])], {"genre": ("Rock",)}),
        ([id3.TRCK(text=["0"])], {}),
        ([id3.TRCK(text=["03"])], {"tracknumber": ("03",)}),
        ([id3.TRCK(text=["A1"])], {"tracknumber": ("A1",)}),
        ([id3.TIT2(text=["", " "])], {}),
        ([id3.TPE1(text=["A", "A"])], {"artist": ("A",)}),
        ([id3.POPM(email="", rating=255, count=0)], {"rating": ("5",)}),
        ([id3.POPM(email="", rating=196, count=0)], {"rating": ("4",)}),
        ([id3.POPM(email="", rating=1, count=0)], {"rating": ("1",)}),
        ([id3.POPM(email="", rating=0, count=0)], {}),
        ([id3.COMM(encoding=3, lang="eng", desc="ID3v1 Comment", text=["x"])], {}),
    ],
)
def test_frames(tmp_path: Path, frames: list[Any], expected: dict[str, Any]) -> None:
    assert read(tagged(tmp_path, "mp3", _frames(*frames))) == expected


def test_id3_of_older_versions(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp3"
    shutil.copyfile(DATA / "sound.mp3", path)
    tags: Any = id3.ID3()
    _frames(
        id3.TPE1(encoding=1, text=["AC/DC"]),
        id3.TYER(text=["1975"]),
        id3.TIT2(encoding=1, text=["é"]),
    )(tags)
    tags.save(path, v2_version=3)
    assert read(path) == {"artist": ("AC/DC",), "year": ("1975",), "title": ("é",)}


def test_other_names_of_vorbis_comments(tmp_path: Path) -> None:
    def write(tags: Any) -> None:
        tags["ALBUM ARTIST"] = "Various"
        tags["YEAR"] = "1997"
        tags["KEY"] = "8A"
        tags["DESCRIPTION"] = "x"
        tags["Rating"] = "4"

    assert read(tagged(tmp_path, "flac", write)) == {
        "albumartist": ("Various",),
        "year": ("1997",),
        "key": ("8A",),
        "comment": ("x",),
        "rating": ("4",),
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0, 1, 7, 20])
def test_broken_files(tmp_path: Path, kind: str, size: int) -> None:
    path = tmp_path / f"broken.{kind}"
    path.write_bytes((DATA / f"sound.{kind}").read_bytes()[:size])
    try:
        fields = read_tags(path, path.name)
    except TagsError as error:
        assert str(error).startswith("it is ")
    else:
        assert "duration" not in fields


def test_a_text_file_with_an_audio_extension(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_text("no sound at all\n" * 100)
    with pytest.raises(TagsError, match="it is broken: can't sync to MPEG frame"):
        read_tags(path, path.name)
    with pytest.raises(TagsError, match="it is not a sound file of a known format"):
        read_tags(path, "a.txt")
    with pytest.raises(TagsError, match="it cannot be read: No such file"):
        read_tags(tmp_path / "gone", "gone.mp3")
    with pytest.raises(TagsError, match="it cannot be read: Is a directory"):
        read_tags(tmp_path, "a.mp3")


def _with_title(path: Path, text: bytes, times: int = 1) -> None:
    """Frames that unpack to `text`, in an ID3 tag (2.3), before some sound."""
    packed = zlib.compress(b"\x00" + text)
    data = (len(text) + 1).to_bytes(4, "big") + packed
    frame = b"TIT2" + len(data).to_bytes(4, "big") + b"\x00\x80" + data
    size = len(frame) * times
    syncsafe = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    sound = (b"\xff\xfb\x90\x00" + bytes(413)) * 40
    path.write_bytes(b"ID3\x03\x00\x00" + syncsafe + frame * times + sound)


def test_compressed_frames_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    _with_title(path, b"Rez")
    assert read_tags(path, path.name)["title"] == ("Rez",)
    for text, times in ((b"x" * 70_000_000, 1), (b"x" * 1_000_000, 70)):
        _with_title(path, text, times)
        assert path.stat().st_size < 200_000
        with pytest.raises(TagsError, match="its tags unpack to more than 64 MB"):
            read_tags(path, path.name)
    _with_title(path, b"x" * 100_001)
    with pytest.raises(TagsError, match="its title has 100001 characters; at most 100000"):
        read_tags(path, path.name)
    # Each file has all of it.
    _with_title(path, b"Rez")
    assert read_tags(path, path.name)["title"] == ("Rez",)

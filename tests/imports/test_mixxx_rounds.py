"""What is in git-annex stays there, whatever Mixxx does between two imports; git-annex is the judge."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import mutagen
import pytest

from mcfs.annex.library import Library
from mcfs.config.settings import MixxxSettings, Prefer, Settings
from mcfs.editing.chosen_edits import choose_edit
from mcfs.editing.editor import editing
from mcfs.editing.undo import undo
from mcfs.imports.import_mixxx import import_mixxx
from mcfs.imports.missing_mounts import MissingMounts
from mcfs.imports.result import ImportResult
from mcfs.store import Store
from mcfs.sync.run import sync
from tests.imports.mixxx_database import SCHEMAS, MixxxDatabase, annex, fields_of
from tests.mounts import mounted, wait_until
from tests.prerequisites import needs_fuse
from tests.tracks import run_in_library

SOUND = Path(__file__).parent / "data" / "sound.flac"
UNKNOWN = "unsorted/nothing known.wav"
FILES = ("kino.mp3", "acdc.mp3", "beyonce.mp3")


@pytest.fixture
def run(library: Library, synced: Store, mixxx: MixxxDatabase) -> Any:
    """A function that imports the database into the library."""

    def imported(database: Path = mixxx.path, **options: Any) -> ImportResult:
        return import_mixxx(library, synced, database, **options)

    return imported


def test_a_rescan_after_names_have_changed_loses_nothing(
    library: Library, mixxx: MixxxDatabase, run: Any, tmp_path: Path
) -> None:
    """A renamed file is a new, empty row in Mixxx, and its old row is missing."""
    needs_fuse()
    with mounted(library.top, tmp_path / "mnt") as mount:
        folder = mount.path / "all"

        def scan() -> dict[str, int]:
            with mixxx.changing() as connection:
                known = dict(connection.execute("SELECT location, id FROM track_locations"))
                for location, number in known.items():
                    missing = not os.path.lexists(location)
                    connection.execute(
                        "UPDATE track_locations SET fs_deleted = ? WHERE id = ?", [missing, number]
                    )
            places = [os.fspath(folder / name) for name in sorted(os.listdir(folder))]
            for place in places:
                if place not in known:
                    artist, _, title = Path(place).stem.partition(" - ")
                    mixxx.add(place, artist=artist, title=title)
            with mixxx.changing() as connection:
                return dict(
                    connection.execute(
                        "SELECT t.location, l.id FROM library l JOIN track_locations t"
                        " ON t.id = l.location WHERE NOT t.fs_deleted"
                    )
                )

        rows = scan()
        for number in rows.values():
            mixxx.change(number, rating=4, color=255)
            mixxx.put(number, "Everything")
            mixxx.enlist(number, "Warmup")
        assert run().success
        edited = rows[os.fspath(folder / "Кино - Группа крови.mp3")]
        mixxx.change(edited, title="Edited")
        assert run().success
        old = folder / "Кино - Группа крови.mp3"
        wait_until(lambda: "Кино - Edited.mp3" in os.listdir(folder) and not old.is_symlink())
        for _ in range(3):
            scan()
            result = run()
            assert (result.imported, result.replaced) == (0, {})
            # The old row of the renamed file.
            assert result.missing == 1
            fields = fields_of(library, "kino.mp3")
            assert fields["title"] == ["Edited"]
            for file in FILES:
                fields = fields_of(library, file)
                assert (fields["rating"], fields["color"]) == (["4"], ["#0000FF"])
                assert (fields["crate"], fields["playlist"]) == (["Everything"], ["Warmup"])
        # The new row counts as soon as somebody uses it.
        new = scan()[os.fspath(folder / "Кино - Edited.mp3")]
        mixxx.change(new, rating=2)
        mixxx.put(new, "Other")
        run()
        fields = fields_of(library, "kino.mp3")
        assert (fields["rating"], fields["crate"]) == (["2"], ["Everything", "Other"])


def test_crates_and_playlists_are_kept_apart(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any
) -> None:
    number = mixxx.add(library.top / "kino.mp3", ("Same",))
    mixxx.enlist(number, "Same", "Warmup")
    run()
    fields = fields_of(library, "kino.mp3")
    assert (fields["crate"], fields["playlist"]) == (["Same"], ["Same", "Warmup"])
    mixxx.unlist(number)
    mixxx.enlist(number, "Same")
    run()
    assert fields_of(library, "kino.mp3")["playlist"] == ["Same"]
    # Taken off a playlist in git-annex, and still on it in Mixxx: that is no news.
    annex(library, "metadata", "-q", "-s", "playlist-=Same", "kino.mp3")
    run()
    fields = fields_of(library, "kino.mp3")
    assert (fields["crate"], "playlist" in fields) == (["Same"], False)


def test_a_value_changed_in_git_annex_stays(
    library: Library, mixxx: MixxxDatabase, run: Any
) -> None:
    number = mixxx.add(library.top / "kino.mp3", ("Crate",), rating=4)
    run()
    annex(library, "metadata", "-q", "-s", "rating=2", "-s", "crate-=Crate", "kino.mp3")
    assert run().imported == 0
    mixxx.change(number, color=1)
    run()
    fields = fields_of(library, "kino.mp3")
    assert (fields["rating"], fields["color"], "crate" in fields) == (["2"], ["#000001"], False)
    mixxx.change(number, rating=5)
    run()
    assert fields_of(library, "kino.mp3")["rating"] == ["5"]


def test_an_older_copy_of_the_database_removes_nothing(
    library: Library, mixxx: MixxxDatabase, run: Any, tmp_path: Path
) -> None:
    number = mixxx.add(library.top / "kino.mp3", ("Early",))
    backup = shutil.copyfile(mixxx.path, tmp_path / "backup.sqlite")
    mixxx.put(number, "Early", "Late")
    mixxx.change(number, rating=4)
    run()
    asked: list[dict[str, int]] = []
    result = run(backup, may_replace=asked.append)
    assert (result.imported, asked) == (0, [])
    fields = fields_of(library, "kino.mp3")
    assert (fields["rating"], fields["crate"]) == (["4"], ["Early", "Late"])
    # What the copy has otherwise is asked about, as for a database that no import has read.
    copy = MixxxDatabase.at(backup)
    copy.change(number, rating=1)
    with mixxx.changing() as connection:
        connection.execute("UPDATE library SET url = 'x'")
    run()
    result = run(backup, may_replace=asked.append)
    assert asked == [{"rating": 1}]
    assert result.kept == {"rating": 1}
    assert fields_of(library, "kino.mp3")["rating"] == ["4"]


@pytest.mark.parametrize("sign", ["fewer changes", "fewer plays", "fewer tracks"])
def test_an_older_copy_stays_one(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any, tmp_path: Path, sign: str
) -> None:
    """A backup was restored, and the first import of it is about some files only, or comes much later."""
    rows = [mixxx.add(library.top / file, ("Early",)) for file in FILES[:2]]
    played = mixxx.add(library.top / FILES[2], timesplayed=1)
    backup = shutil.copyfile(mixxx.path, tmp_path / "backup.sqlite")
    for number in rows:
        mixxx.put(number, "Early", "Late")
        mixxx.change(number, rating=4)
    if sign == "fewer tracks":
        mixxx.add(library.top / UNKNOWN)
    mixxx.change(played, timesplayed=3)
    run()
    shutil.copyfile(backup, mixxx.path)
    if sign != "fewer changes":
        for plays in (2, *[2 if sign == "fewer plays" else 3] * 9):
            mixxx.change(played, timesplayed=plays)
    run(dry_run=True)
    run(paths=[library.top / FILES[0]])
    for _ in range(2):
        assert run().success
        for file in FILES[:2]:
            fields = fields_of(library, file)
            assert (fields["rating"], fields["crate"]) == (["4"], ["Early", "Late"])
    # From now on this is the database. What the first import took over from it, it may take away.
    mixxx.put(rows[0], "New")
    run()
    mixxx.put(rows[0])
    run()
    assert fields_of(library, FILES[0])["crate"] == ["Early", "Late"]


def test_plays_that_were_reset(library: Library, mixxx: MixxxDatabase, run: Any) -> None:
    number = mixxx.add(library.top / "kino.mp3", ("Crate",), timesplayed=3)
    odd = mixxx.add(library.top / "acdc.mp3", timesplayed="often")
    run()
    mixxx.change(number, timesplayed=0)
    mixxx.change(odd, timesplayed="seldom")
    mixxx.put(number)
    run()
    assert {"played", "crate"}.isdisjoint(fields_of(library, "kino.mp3"))


def test_two_tracks_whose_names_were_swapped(
    library: Library, mixxx: MixxxDatabase, run: Any, tmp_path: Path
) -> None:
    """Mixxx does not notice: each of its rows has the path of the other track now."""
    places = [tmp_path / "A.mp3", tmp_path / "B.mp3"]
    for place, file in zip(places, FILES[:2], strict=True):
        place.symlink_to((library.top / file).resolve())
    one = mixxx.add(places[0], ("A",), rating=5, title="A", color=255)
    mixxx.add(places[1], ("B",), rating=1, title="B", comment="about B")
    run()
    before = [fields_of(library, file) for file in FILES[:2]]
    targets = [place.readlink() for place in places]
    for place, target in zip(places, reversed(targets), strict=True):
        place.unlink()
        place.symlink_to(target)
    assert run().imported == 0
    assert [fields_of(library, file) for file in FILES[:2]] == before
    # What is made there from now on is about the track that Mixxx plays.
    mixxx.change(one, rating=3)
    mixxx.put(one, "A", "C")
    run()
    first, second = (fields_of(library, file) for file in FILES[:2])
    assert first == before[0]
    assert (second["rating"], second["crate"]) == (["3"], ["B", "C"])
    assert second["title"] == before[1]["title"]


def test_another_mixxx_removes_nothing(
    library: Library, mixxx: MixxxDatabase, run: Any, tmp_path: Path
) -> None:
    mixxx.add(library.top / "kino.mp3", ("One",), rating=4)
    run()
    other = MixxxDatabase(tmp_path / "other.sqlite")
    with other.changing() as connection:
        connection.execute("UPDATE Playlists SET date_created = '2020-02-02 20:20:20'")
    other.add(library.top / "kino.mp3", ("Two",))
    run(other.path)
    fields = fields_of(library, "kino.mp3")
    assert (fields["rating"], fields["crate"]) == (["4"], ["One", "Two"])


def test_a_file_with_other_content_is_another_track(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any
) -> None:
    """The row stays the same, and has another key: it removes nothing of either."""
    number = mixxx.add(library.top / "kino.mp3", ("Old",), rating=4)
    run()
    run_in_library(
        library, "git annex unlock -q kino.mp3; echo new > kino.mp3; git annex add -q kino.mp3"
    )
    mixxx.put(number)
    mixxx.change(number, rating=0)
    run()
    # git-annex has copied the metadata of the old content.
    fields = fields_of(library, "kino.mp3")
    assert (fields["rating"], fields["crate"]) == (["4"], ["Old"])


@pytest.fixture
def tagged(library: Library, synced: Store) -> str:
    """A sound file with tags, in git-annex with what its tags say."""
    place = library.top / "tagged.flac"
    shutil.copyfile(SOUND, place)
    file: Any = mutagen.File(place)
    file["TITLE"], file["GENRE"], file["BPM"] = "Tag", ["Deep House", "House"], "120"
    file.save()
    annex(library, "add", "-q", "tagged.flac")
    tags = ["title=Tag", "genre+=Deep House", "genre+=House", "bpm=120", "rating=3"]
    annex(library, "metadata", "-q", *(word for tag in tags for word in ("-s", tag)), place.name)
    sync(library, synced)
    return place.name


def test_what_mixxx_read_from_tags_is_no_news(
    library: Library, mixxx: MixxxDatabase, run: Any, tagged: str
) -> None:
    number = mixxx.add(
        library.top / tagged, title="Tag", genre="Deep House House", bpm=120.0, comment="Mine"
    )
    annex(library, "metadata", "-q", "-s", "title=Corrected", "-s", "genre-=House", tagged)
    before = fields_of(library, tagged)
    assert run().replaced == {}
    # Not even the day of the scan: git-annex has known the file for longer, and it is the same day.
    assert fields_of(library, tagged) == {
        **before,
        "comment": ["Mine"],
        **{name: values for name, values in fields_of(library, tagged).items() if name == "added"},
    }
    mixxx.change(number, title="Edited", bpm=121.5)
    run()
    fields = fields_of(library, tagged)
    assert (fields["title"], fields["bpm"], fields["genre"]) == (
        ["Edited"],
        ["121.50"],
        ["Deep House"],
    )


def test_the_first_import_asks_before_it_replaces(
    library: Library, mixxx: MixxxDatabase, run: Any, tagged: str
) -> None:
    """An edit of what is only the file's own tag loses nothing, and needs no question."""
    mixxx.add(library.top / tagged, ("Crate",), title="Edited", rating=5)
    asked: list[dict[str, int]] = []

    def no(fields: dict[str, int]) -> bool:
        asked.append(fields)
        return False

    for _ in range(2):
        result = run(may_replace=no)
        assert (result.kept, result.success) == ({"rating": 1}, False)
        fields = fields_of(library, tagged)
        assert (fields["title"], fields["rating"], fields["crate"]) == (
            ["Edited"],
            ["3"],
            ["Crate"],
        )
    assert asked == [{"rating": 1}] * 2
    result = run(fields=["crate"], may_replace=no)
    assert result.success
    result = run(may_replace=lambda _: True)
    assert (result.replaced, result.success) == ({"rating": 1}, True)
    assert fields_of(library, tagged)["rating"] == ["5"]
    # From now on it may.
    mixxx.add(library.top / "orbital.mp3", rating=1)
    run(may_replace=no)
    assert fields_of(library, "orbital.mp3")["rating"] == ["1"]


def test_an_import_after_an_undo_asks_again(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any
) -> None:
    mixxx.add(library.top / "orbital.mp3", ("Crate",), rating=5)
    before = fields_of(library, "orbital.mp3")
    run()
    with editing(library, synced) as editor:
        undo(editor, synced.user, choose_edit(synced.user.journal, None))
    assert fields_of(library, "orbital.mp3") == before
    result = run(may_replace=lambda _: False)
    assert result.kept == {"rating": 1}
    assert fields_of(library, "orbital.mp3")["crate"] == ["Crate"]
    run()
    assert fields_of(library, "orbital.mp3")["rating"] == ["5"]


def test_settings_say_what_is_imported(
    library: Library, synced: Store, mixxx: MixxxDatabase, tagged: str
) -> None:
    mixxx.add(library.top / tagged, ("Crate",), title="Edited", rating=5)
    chosen = Settings(mixxx=MixxxSettings(("rating", "crate"), Prefer.ANNEX))
    result = import_mixxx(library, synced, mixxx.path, chosen)
    fields = fields_of(library, tagged)
    assert (fields["title"], fields["rating"], fields["crate"]) == (["Tag"], ["3"], ["Crate"])
    assert result.success
    import_mixxx(library, synced, mixxx.path, chosen, prefer=Prefer.MIXXX)
    assert fields_of(library, tagged)["rating"] == ["5"]
    import_mixxx(library, synced, mixxx.path, chosen, fields=["title"], prefer=Prefer.MIXXX)
    assert fields_of(library, tagged)["title"] == ["Edited"]


def test_two_rows_that_disagree_are_reported(
    library: Library, mixxx: MixxxDatabase, run: Any, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(library.top)
    used = mixxx.add(library.top / UNKNOWN, ("A",), rating=4, timesplayed=3, title="Same")
    mixxx.add(tmp_path / "link" / UNKNOWN, ("B",), title="Same", color=1)
    mixxx.add(library.top / FILES[0], key="Am")
    mixxx.add(tmp_path / "link" / FILES[0], key="Bm", rating=1)
    result = run()
    (disagreed,) = result.disagreements
    assert disagreed.file == FILES[0]
    assert (disagreed.disagreement.taken, disagreed.disagreement.others) == (("Bm",), ("Am",))
    fields = fields_of(library, UNKNOWN)
    assert (fields["rating"], fields["color"]) == (["4"], ["#000001"])
    assert fields["crate"] == ["A", "B"]
    mixxx.change(used, rating=0)
    run()
    assert "rating" not in fields_of(library, UNKNOWN)


def test_when_a_track_was_last_played(library: Library, synced: Store, tmp_path: Path) -> None:
    mixxx = MixxxDatabase(tmp_path / "m.sqlite", SCHEMAS["2.5"])
    mixxx.add(library.top / "kino.mp3", last_played_at="2026-11-20T07:03:49.579Z")
    import_mixxx(library, synced, mixxx.path)
    assert fields_of(library, "kino.mp3")["lastplayed"] == ["2026-11-20"]


def test_a_mount_that_is_down(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any, tmp_path: Path
) -> None:
    needs_fuse()
    place = tmp_path / "mnt" / "all" / "Кино - Группа крови.mp3"
    with mounted(library.top, tmp_path / "mnt"):
        mixxx.add(place, rating=4)
        assert run().success
    result = run()
    (missing,) = result.missing_mounts
    assert (missing.mount_point, result.success) == (str(tmp_path / "mnt"), False)
    assert missing.command == f"mcfs mount {library.top} {tmp_path / 'mnt'}"
    assert result.reasons() == {f"nothing is mounted at {tmp_path / 'mnt'}": 1}
    # It is known from the first import, even where the folder is gone.
    (tmp_path / "mnt").rmdir()
    assert run().missing_mounts == [missing]
    assert fields_of(library, "kino.mp3")["rating"] == ["4"]


@pytest.mark.parametrize("entries", ["links", "files"])
def test_absent_tracks_that_mixxx_knows_through_a_mount(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any, tmp_path: Path, entries: str
) -> None:
    needs_fuse()
    options = ("--entries", entries, "--absent", "show")
    with mounted(library.top, tmp_path / "mnt", options=options) as mount:
        mixxx.add(mount.path / "all" / "Basic Channel - Phylyps.flac", rating=4)
        result = run()
    assert (result.imported, result.skipped) == (1, [])
    assert fields_of(library, "basic channel.flac")["rating"] == ["4"]


def test_which_mount_is_missing(library: Library, tmp_path: Path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    fstab = tmp_path / "fstab"
    fstab.write_text(
        f"# a comment\nmcfs#/lib {tmp_path}/full/my\\040mount fuse.mcfs noauto 0 0\nnone swap swap 0 0\n"
        "proc /proc proc defaults 0 0\n"
    )
    missing = MissingMounts(library, [f"{tmp_path}/known"], fstab)
    found = {
        path: None if (mount := missing.of(f"{tmp_path}/{path}")) is None else mount.command
        for path in (
            "empty/deeper/a/b.mp3",
            "full/a/b.mp3",
            "full/my mount/a.mp3",
            "known/a.mp3",
            "library/gone/a.mp3",
        )
    }
    assert found == {
        "empty/deeper/a/b.mp3": None,
        "full/a/b.mp3": None,
        "full/my mount/a.mp3": f"mount '{tmp_path}/full/my mount'",
        "known/a.mp3": f"mcfs mount {library.top} {tmp_path}/known",
        "library/gone/a.mp3": None,
    }
    assert [mount.mount_point for mount in missing.found] == [
        f"{tmp_path}/empty/deeper",
        f"{tmp_path}/full/my mount",
        f"{tmp_path}/known",
    ]
    disk = missing.of("/media/dj/no such disk/a.mp3")
    assert disk is not None
    assert disk.reason.startswith("nothing is mounted at /media/")
    assert missing.of("relative.mp3") is missing.of("/proc/no such/a.mp3") is None


def test_playlists_can_be_asked_for(library: Library, synced: Store, mixxx: MixxxDatabase) -> None:
    from mcfs.fields import Vocabulary
    from mcfs.query import parse
    from mcfs.sql import bind_without_values
    from mcfs.store.clock import today

    mixxx.enlist(mixxx.add(library.top / "kino.mp3"), "Warmup 1")
    import_mixxx(library, synced, mixxx.path)
    with synced.cache.reading() as read:
        tracks = read.count()
        counted = {
            text: read.count(bind_without_values(parse(text, Vocabulary()), today()))
            for text in ("playlist:warmup", 'playlist:""', "-playlist:warmup")
        }
    assert counted == {
        "playlist:warmup": 1,
        'playlist:""': tracks - 1,
        "-playlist:warmup": tracks - 1,
    }

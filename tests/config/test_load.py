"""What can be written in `mcfs.toml` and `config.toml`, and the messages for everything else."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from hypothesis.strategies import lists, sampled_from

from mcfs.config.load import config_files, config_stamp, load_settings
from mcfs.config.settings import (
    DEFAULTS,
    EXTENSIONS,
    Absent,
    Entries,
    MixxxSettings,
    Names,
    Playlists,
    Prefer,
    Settings,
    ViewSettings,
)
from mcfs.config.toml_file import line_numbers
from mcfs.config.toml_statements import statements
from mcfs.errors import ConfigError, ExitCode
from mcfs.fields import ConfiguredKind


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The top folder of a library, and an empty home folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


def loaded(top: Path, library: str = "", user: str = "") -> Settings:
    """The settings from these two files."""
    for file, text in zip(config_files(top), (library, user), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return load_settings(top)


def view(top: Path, text: str) -> ViewSettings:
    """The only view of a file without mistakes."""
    settings = loaded(top, text)
    assert not settings.problems
    (only,) = settings.views.values()
    return only


def refused(top: Path, text: str) -> str:
    """The message of the error that a file causes."""
    with pytest.raises(ConfigError) as caught:
        loaded(top, text)
    assert caught.value.exit_code is ExitCode.USAGE
    return str(caught.value)


class TestFields:
    def test_have_a_kind(self, top: Path) -> None:
        settings = loaded(
            top,
            '[field.Released]\nkind = "date"\n[field."catalog number"]\nkind = "text"\n',
            '[field.released]\nkind = "text"\n[field.empty]\n',
        )
        assert settings.field_kinds == {
            "released": ConfiguredKind.TEXT,
            "catalog number": ConfiguredKind.TEXT,
        }

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                '[field.released]\nkind = "number"',
                'mcfs.toml:2: field.released.kind: write "date" or "text"',
            ),
            (
                '[field.Year]\nkind = "date"',
                "mcfs.toml:1: field.Year: this field is built in, and its kind cannot be changed",
            ),
            (
                '[field."meta.year"]\nkind = "date"',
                'mcfs.toml:1: field."meta.year": write the field without meta., which always means text',
            ),
            (
                '[field.released]\nkin = "date"',
                'mcfs.toml:2: field.released.kin: there is no such key; did you mean "kind"?',
            ),
            (
                'field.released = "date"',
                'mcfs.toml:1: field.released: write a table, and in it kind = "date"',
            ),
            (
                'field = "date"',
                'mcfs.toml:1: field: write a table for each field: [field.released], and kind = "date"',
            ),
        ],
    )
    def test_are_refused(self, top: Path, text: str, message: str) -> None:
        assert refused(top, text) == message


class TestEdit:
    def test_counts_only_in_the_users_file(self, top: Path) -> None:
        settings = loaded(top, 'edit = ["crate"]\n')
        assert (settings.edit, settings.proposed_edit) == ((), ("crate",))
        settings = loaded(top, 'edit = ["crate"]\n', 'edit = ["g", "Mood", "genre"]\n')
        assert (settings.edit, settings.proposed_edit) == (("genre", "mood"), ("crate",))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('edit = "crate"', 'write a list of fields: ["crate", "genre"]'),
            ('edit = ["size"]', "size is not kept in git-annex, and cannot be edited"),
            ('edit = ["any"]', "any is not kept in git-annex, and cannot be edited"),
            ('edit = ["meta.crate"]', 'write the field without meta.: "crate"'),
            ('edit = ["a b"]', 'git-annex has no field "a b": names are letters, digits, - _ .'),
        ],
    )
    def test_is_refused(self, top: Path, text: str, message: str) -> None:
        assert refused(top, text) == f"mcfs.toml:1: edit: {message}"


class TestImports:
    def test_each_key_may_stand_in_either_file(self, top: Path) -> None:
        settings = loaded(
            top,
            '[import.mixxx]\nfields = ["Rating", "b"]\nprefer = "annex"\n',
            '[import.mixxx]\nprefer = "mixxx"\n',
        )
        assert settings.mixxx == MixxxSettings(("rating", "bpm"), Prefer.MIXXX)
        assert loaded(top, "").mixxx == MixxxSettings()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("import = 1", "1: import: write a table: [import.mixxx]"),
            ("[import]\nmixxx = 1", "1: import: write a table: [import.mixxx]"),
            ("[import.mixx]", '1: import: there is no such key; did you mean "mixxx"?'),
            (
                "[import.mixxx]\nprefers = 1",
                '2: import.mixxx.prefers: there is no such key; did you mean "prefer"?',
            ),
            (
                '[import.mixxx]\nprefer = "both"',
                '2: import.mixxx.prefer: write "annex" or "mixxx"',
            ),
            (
                '[import.mixxx]\nfields = "rating"',
                '2: import.mixxx.fields: write a list of fields: ["rating", "crate"]',
            ),
            (
                '[import.mixxx]\nfields = ["ratng"]',
                '2: import.mixxx.fields: Mixxx has no "ratng"; did you mean "rating"?',
            ),
        ],
    )
    def test_mistakes(self, top: Path, text: str, message: str) -> None:
        assert refused(top, text) == f"mcfs.toml:{message}"


class TestFiles:
    def test_are_optional(self, top: Path) -> None:
        assert load_settings(top) == DEFAULTS == loaded(top)
        assert DEFAULTS.extensions == EXTENSIONS

    def test_are_in_the_library_and_the_users_home(
        self, top: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = Path(os.environ["HOME"])
        assert config_files(top) == (top / "mcfs.toml", home / ".config/mcfs/config.toml")
        monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")
        assert config_files(top)[1] == Path("/elsewhere/mcfs/config.toml")
        monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
        assert config_files(top)[1] == home / ".config/mcfs/config.toml"

    def test_the_users_values_replace_the_librarys(self, top: Path) -> None:
        settings = loaded(
            top,
            'entries = "files"\nabsent = "show"\n'
            '[view.a]\nquery = "genre:a"\nlimit = 3\n[view.b]\nquery = "genre:b"\n',
            'entries = "links"\n[view.c]\nquery = "genre:c"\n[view.a]\nlimit = 5\n',
        )
        assert (settings.entries, settings.absent) == (Entries.LINKS, Absent.SHOW)
        assert list(settings.views.values()) == [
            ViewSettings("a", query="genre:a", limit=5),
            ViewSettings("b", query="genre:b"),
            ViewSettings("c", query="genre:c"),
        ]

    def test_the_user_can_correct_a_mistake_of_the_librarys(self, top: Path) -> None:
        settings = loaded(top, "[view.a]\nlimit = 0\n", "[view.a]\nlimit = 5\n")
        assert settings.views == {"a": ViewSettings("a", limit=5)}
        assert settings.problems == ()

    def test_may_come_from_other_systems(self, top: Path) -> None:
        (top / "mcfs.toml").write_bytes(b'\xef\xbb\xbfnames = "portable"\r\n')
        assert load_settings(top).names is Names.PORTABLE

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b'names = "caf\xe9"', "mcfs.toml:1: this is not UTF-8"),
            (b"# one\n\n# caf\xe9", "mcfs.toml:3: this is not UTF-8"),
            (b"absent = hide", "mcfs.toml:1: this is not TOML: Invalid value"),
            (b"\n\n[view.a\n", "mcfs.toml:3: this is not TOML: Expected ']'"),
            (b'a = """\nb\n\n', "mcfs.toml:2: this is not TOML: Unterminated string"),
            (b"limit = 1\nlimit = 2\n", "mcfs.toml:2: this is not TOML: Cannot overwrite a value"),
            (b"[view.a]\n[view.b]\n[view.a]\n", "mcfs.toml:3: this is not TOML: Cannot declare"),
            (b'["a (at line x"]\n' * 2, "mcfs.toml:2: this is not TOML: Cannot declare"),
            (b'["a (at line 7, column 1)"]\n' * 2, "mcfs.toml:2: this is not TOML"),
            (b'"\\u009b31m\\u202e" = 1', r'mcfs.toml:1: "\u009b31m\u202e": there is no such key'),
            (b"a = " + b"[" * 5000, "mcfs.toml: it is nested too deeply"),
            (b"a = " + b"9" * 5000, "mcfs.toml:1: this is not TOML"),
            pytest.param(b"#" * 256_001, "mcfs.toml: it is longer than 256000 bytes", id="long"),
            # These took 11 s and more.
            pytest.param(
                b"\n\n" + b"a." * 20_000 + b"a = 1",
                "mcfs.toml:3: a key has 20001 parts; it can have at most 20",
                id="parts",
            ),
            pytest.param(b"[" + b"'a' . " * 20 + b"b]", "mcfs.toml:1: a key has 21", id="table"),
            pytest.param(b"a = {\n" + b"b." * 20 + b"b = 1", "toml:1: a key has 21", id="inline"),
            (b"/annex/objects/MD5E-s1--a.toml\n", "to get it: git annex get mcfs.toml"),
        ],
    )
    def test_that_cannot_be_read(self, top: Path, content: bytes, says: str) -> None:
        (top / "mcfs.toml").write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            load_settings(top)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_that_are_not_regular_files(self, top: Path) -> None:
        file = top / "mcfs.toml"
        file.symlink_to(".git/annex/objects/not/here")
        with pytest.raises(ConfigError, match=r"to get it: git annex get mcfs\.toml"):
            load_settings(top)
        file.unlink()
        file.mkdir()
        with pytest.raises(ConfigError, match="it is not a regular file"):
            load_settings(top)
        file.rmdir()
        os.mkfifo(file)
        with pytest.raises(ConfigError, match="it is not a regular file"):
            load_settings(top)
        file.unlink()
        file.symlink_to("mcfs.toml")
        with pytest.raises(ConfigError, match="it cannot be read: Too many levels"):
            load_settings(top)

    def test_the_users_file_is_shown_with_a_tilde(self, top: Path) -> None:
        with pytest.raises(ConfigError, match=r"^~/\.config/mcfs/config\.toml:1: entries: write"):
            loaded(top, "", "entries = 1")

    def test_a_stamp_differs_when_a_file_does(self, top: Path) -> None:
        library, user = config_files(top)
        seen = [config_stamp(top)]
        assert seen == [(None, None)]
        user.parent.mkdir(parents=True)
        for file in (library, user):
            file.write_text("")
            seen.append(config_stamp(top))
            file.write_text("a")
            seen.append(config_stamp(top))
            os.utime(file, ns=(1, 1))
            seen.append(config_stamp(top))
            other = file.with_name("new")
            other.write_text("b")
            os.utime(other, ns=(1, 1))
            other.replace(file)
            seen.append(config_stamp(top))
        assert len(set(seen)) == len(seen)
        assert config_stamp(top) == seen[-1]


class TestEverywhere:
    def test_all_of_it(self, top: Path) -> None:
        settings = loaded(
            top,
            'extensions = ["mp3", ".FLAC", "*.ogg"]\nentries = "files"\n'
            'absent = "show"\nnames = "portable"\nplaylists = "all"\n',
        )
        assert settings == Settings(
            frozenset({"mp3", "flac", "ogg"}),
            Entries.FILES,
            Absent.SHOW,
            Names.PORTABLE,
            Playlists.ALL,
        )

    def test_playlists_name_tracks_where_players_have_them(self, top: Path) -> None:
        assert loaded(top, "").playlists is Playlists.LIBRARY
        assert loaded(top, 'playlists = "library"').playlists is Playlists.LIBRARY
        assert loaded(top, 'playlists = "/srv/my music/"').playlists == "/srv/my music"
        assert loaded(top, 'playlists = "work tree"').playlists == str(top)

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("entires = 1", '1: entires: there is no such key; did you mean "entries"?'),
            ('[views.a]\nquery=""', '1: views: there is no such key; did you mean "view"?'),
            (
                "\nfoo = 1",
                "2: foo: there is no such key; there are extensions, entries, absent, names, "
                "playlists, edit, import, field and view",
            ),
            ('"a b" = 1', '1: "a b": there is no such key'),
            ("entries = true", '1: entries: write "links" or "files"'),
            ('absent = "HIDE"', '1: absent: write "hide" or "show"'),
            ('playlists = "music"', '1: playlists: write "library", "all" or "work tree", or the'),
            ("playlists = 1", '1: playlists: write "library", "all" or "work tree", or the'),
            ("# c\nnames = []", '2: names: write "plain" or "portable"'),
            ('extensions = "mp3"', '1: extensions: write a list of them: ["flac", "mp3"]'),
            ("extensions = []", "1: extensions: write a list of them"),
            ("extensions = [3]", '1: extensions: write each of them in quotes: "mp3"'),
            ('extensions = [\n"mp3",\n"+dsf"]', '1: extensions: "+dsf" is not an extension'),
            ('extensions = ["tar.gz"]', '"tar.gz" is not an extension'),
            ('extensions = [""]', '"" is not an extension'),
            ("view = 3", "1: view: write a table for each view: [view.NAME]"),
            ("absent = 'show'\n[[view]]\n", "2: view: write a table for each view: [view.NAME]"),
        ],
    )
    def test_what_is_wrong(self, top: Path, text: str, says: str) -> None:
        message = refused(top, text)
        assert message.startswith("mcfs.toml:")
        assert says in message


class TestViews:
    def test_all_of_it(self, top: Path) -> None:
        text = """
        [view."Peak time"]
        query = "genre:techno bpm:128-136"
        template = "{{ artist }}/{{ album }}"
        file_names = "{{ bpm }} {{ title }}.{{ ext }}"
        sort = ["-rating", "title"]
        limit = 50
        entries = "files"
        absent = "show"
        hidden = true
        """
        assert view(top, text) == ViewSettings(
            "Peak time",
            "genre:techno bpm:128-136",
            ("{{ artist }}", "{{ album }}"),
            "{{ bpm }} {{ title }}.{{ ext }}",
            ("-rating", "title"),
            50,
            Entries.FILES,
            Absent.SHOW,
            hidden=True,
        )

    def test_hiding_is_enough(self, top: Path) -> None:
        assert view(top, "[view.crate]\nhidden = true") == ViewSettings("crate", hidden=True)

    def test_one_field_to_sort_by(self, top: Path) -> None:
        assert view(top, '[view.a]\nsort = "-rating"').sort == ("-rating",)

    @pytest.mark.parametrize(
        ("template", "levels"),
        [
            ('"{{ genre }}"', ("{{ genre }}",)),
            ('" {{ genre }} / {{ artist }} "', ("{{ genre }}", "{{ artist }}")),
            ('"/{{ genre }}//x/"', ("{{ genre }}", "x")),
            ('"{{ bpm / 2 }}/{{ title }}"', ("{{ bpm / 2 }}", "{{ title }}")),
            ("'{{ \"}}/\" }}/b'", ('{{ "}}/" }}', "b")),
            ("\"{{ '\\\\'}}/' }}/b\"", ("{{ '\\'}}/' }}", "b")),
            ("\"{{ 'it' }}'s/b\"", ("{{ 'it' }}'s", "b")),
            ('"{{ never closed / at all"', ("{{ never closed / at all",)),
            ('"{a/b}"', ("{a", "b}")),
            ('["{{ genre }}", "{{ artist }}/{{ album }}"]',
             ("{{ genre }}", "{{ artist }}", "{{ album }}")),
            ('""', ()),
            ("[]", ()),
        ],
    )  # fmt: skip
    def test_levels(self, top: Path, template: str, levels: tuple[str, ...]) -> None:
        assert view(top, f"[view.a]\ntemplate = {template}").templates == levels

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("[view.a]\nquerry = ''", 'mcfs.toml:2: view.a.querry: there is no such key; '
                                      'did you mean "query"?'),
            ("[view.a]\nxyz = ''", "2: view.a.xyz: there is no such key; there are query, template,"),
            ("[view.a]\nquery = 3", "2: view.a.query: write a text in quotes"),
            ("[view.a]\ntemplate = 3", "2: view.a.template: write a text, or a list of texts"),
            ("[view.a]\ntemplate = ['a', 3]", "2: view.a.template: write a text, or a list"),
            ("[view.a]\nfile_names = 'x'", "2: view.a.file_names: write a template: "
                                           '"{{ artist }} - {{ title }}.{{ ext }}"'),
            ("[view.a]\nfile_names = 3", "2: view.a.file_names: write a template"),
            ("[view.a]\nnames = '{{ title }}.{{ ext }}'",
             "2: view.a.names: this key is now `file_names`; "
             'write file_names = "{{ title }}.{{ ext }}"'),
            ("[view.a]\nnames = 3", "2: view.a.names: this key is now `file_names`; "
                                    'write file_names = "{{ artist }} - {{ title }}.{{ ext }}"'),
            ("[view.a]\nnames = 'portable'", "2: view.a.names: a view has no `names` of its own; "
                                             'write names = "portable" above all views'),
            ("[view.a]\nsort = ''", "2: view.a.sort: write a field, or a list of fields"),
            ("[view.a]\nsort = ['a', '-']", "2: view.a.sort: write a field, or a list of fields"),
            ("[view.a]\nsort = [3]", "2: view.a.sort: write a field, or a list of fields"),
            ("[view.a]\nsort = '-rating, title'", "2: view.a.sort: write each field by its name"),
            ("[view.a]\nsort = 'sort:-rating'", "2: view.a.sort: write each field by its name"),
            ("[view.a]\nlimit = 0", "2: view.a.limit: write how many tracks, for example 50"),
            ("[view.a]\nlimit = true", "2: view.a.limit: write how many tracks"),
            ("[view.a]\nlimit = 1e3", "2: view.a.limit: write how many tracks"),
            ("[view.a]\nlimit = 99999999999999999999", "2: view.a.limit: write how many tracks"),
            ("[view.a]\nentries = 'x'", '2: view.a.entries: write "links" or "files"'),
            ("[view.a]\nabsent = 'x'", '2: view.a.absent: write "hide" or "show"'),
            ("[view.a]\nhidden = 'yes'", "2: view.a.hidden: write true or false, without quotes"),
            ("[view]\na = false", "2: view.a: write a table: [view.a], and its query below that"),
            ("view.'a b' = 3", '1: view."a b": write a table: [view."a b"]'),
            ("\n[view.all]", "2: view.all: `all` always lists every track; choose another name"),
            ("[view.pins]", "1: view.pins: `pins` is where queries are kept"),
            ("[view.snapshots]", "1: view.snapshots: `snapshots` is where frozen results are kept"),
            ("[view.'']", '1: view."": a view needs a name: write [view."Peak time"]'),
            ("[view.'.mcfs']", 'view.".mcfs": no folder can have this name; write "․mcfs"'),
            ("[view.'AC/DC']", 'no folder can have this name; write "AC∕DC"'),
            ('[view."a\\nb"]', 'no folder can have this name; write "a␊b"'),
            (f"[view.{'x' * 256}]", f'no folder can have this name; write "{"x" * 255}"'),
        ],
    )  # fmt: skip
    def test_a_mistake_in_a_view_disables_only_that_view(
        self, top: Path, text: str, says: str
    ) -> None:
        settings = loaded(top, f"{text}\n[view.whole]\nquery = 'genre:x'\n")
        assert settings.views == {"whole": ViewSettings("whole", "genre:x")}
        (problem,) = settings.problems
        assert says in str(problem)
        assert "\n" not in str(problem)
        assert problem.file == top / "mcfs.toml"

    def test_every_mistake_is_reported(self, top: Path) -> None:
        settings = loaded(top, "[view.all]\nlimit = 0\nx = 1\n", "[view.b]\nlimit = 0\n")
        assert [(p.file.name, p.line, p.key) for p in settings.problems] == [
            ("mcfs.toml", 1, "view.all"),
            ("mcfs.toml", 2, "view.all.limit"),
            ("mcfs.toml", 3, "view.all.x"),
            ("config.toml", 2, "view.b.limit"),
        ]
        assert settings.views == {}

    @pytest.mark.parametrize(
        "name", ["Peak time", "戦場 🎹", "👩\u200d🎤", "bpm", "x" * 255, "a b"]
    )
    def test_names(self, top: Path, name: str) -> None:
        assert view(top, f'[view."{name}"]\nquery = "a"').name == name


@pytest.mark.parametrize(
    ("text", "keys", "line"),
    [
        ("a = 1\nb = 2\n", "b", 2),
        ("a = 1 # b = 3\n\n# b = 4\nb = 2", "b", 4),
        ('a = """\nb = 3\n"""\nb = 2\n', "b", 4),
        ("a = '''\nb = 3\n'''\nb = 2\n", "b", 4),
        ("a = [\n 1,\n 2,\n]\nb = 2\n", "b", 5),
        ("\nb = [\n 1,\n]\n", "b", 2),
        ("[view.a]\nx = 1\n[view.b]\nx = 2", "view b x", 4),
        ("[view.a]\nx = 1\n[view.b]\nx = 2", "view b", 3),
        ("[view.a]\nx = 1\n[view.b]\nx = 2", "view b y", None),
        ('[ view . "Peak.time" ]\n"x" = 1\n', "view Peak.time x", 2),
        ("['view'.\"Peak\\u002etime\"] # [view.b]\n'x' = 1\n", "view Peak.time x", 2),
        ("view.a.x = 1\nview.a.y = 1\n", "view a y", 2),
        ("view.a.x = 1\nview.a.y = 1\n", "view a", 1),
        ("[view]\na.x = 1\nb.x = 1\n", "view b x", 3),
        ("[view]\na = {x = 1}\nb = {x = 1, y = {z = 2}}\n", "view b y z", 3),
        ("[view]\na = {x = 1}\nb = {x = [\n1], y = 1}\n", "view b y", 3),
        ("[[c]]\nx = 1\n[[c]]\ny = 1\n[view.a]\nx = 1", "view a x", 6),
        ("[view.a]\r\nx = 1\r\ny = 1\r\n", "view a y", 3),
        ("a = 1\n", "b", None),
        ("", "b", None),
    ],
)
def test_lines(text: str, keys: str, line: int | None) -> None:
    assert line_numbers(text).get(tuple(keys.split(" "))) == line


def test_a_key_may_have_twenty_parts(top: Path) -> None:
    parts = ".".join("a" * 19)
    dots = "." * 99
    settings = loaded(top, f"[view.x]\n{parts}.b = '{dots}' # {dots}\nquery = \"{dots}\"\n")
    assert [(p.line, p.key) for p in settings.problems] == [(2, "view.x.a")]


def test_mistakes_around_a_very_long_list(top: Path) -> None:
    long = "query = [\n" + '"",\n' * 5000 + "]"
    settings = loaded(top, f"\n[view.a]\n{long}\nlimit = 0\n")
    assert [(p.line, p.key) for p in settings.problems] == [
        (3, "view.a.query"),
        (5005, "view.a.limit"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        'a = """\n"" \\""" [\n"""""\n',
        "a = '''\n'' {\n'''''\n",
        'a = "\\"[" # [\n',
        "a = '\\'\n",
        "a = [ # ]\n 1, [\n], ']', {b = \"]\"}\n]\n",
        '[a.\'b]\'."c\\"]"]\n',
        "[[a]]\n",
        "a.b = 2024-01-01T00:00:00.5Z\r\n",
        "\n",
    ],
)
def test_a_statement_ends_where_it_ends(statement: str) -> None:
    found = list(statements(f"x = 1\n{statement}y = 2"))
    assert [each.text for each in found] == ["x = 1\n", statement, "y = 2"]
    assert [each.first_line for each in found] == [1, 2, 2 + statement.count("\n")]
    tomllib.loads("".join(each.text for each in found))


@given(strategies.text(alphabet="a.=[]{}\"'\\#\n \r3", max_size=60))
def test_the_statements_are_the_whole_text(written: str) -> None:
    found = list(statements(written))
    assert "".join(each.text for each in found) == written
    assert all(each.first_line > 0 and each.key_parts > 0 for each in found)


def test_thousands_of_mistakes(top: Path) -> None:
    settings = loaded(top, "".join(f"[view.v{n}]\nlimit = 0\n" for n in range(5000)))
    assert [p.line for p in settings.problems] == list(range(2, 10001, 2))


# Valid and invalid lines, to be combined at random.
_LINES = [
    "", "# a comment", "entries = 'links'", "absent = 3", "extensions = ['mp3',", "'flac']", "x = 1",
    "names = 'portable'", "[view]", "[view.a]", "[view.'b c']", "[[view]]", "[view.a.b]", "a = {}",
    "a = {limit = 0, query = 'x'}", "b.limit = 3", "limit = 0", "limit = [", "1]", "hidden = true",
    "query = 'genre:x'", 'query = """', '"""', "template = ['a/b']", "sort = 1979-05-27", "\\", "=",
    "view.'b c'.names = '{{ title }}'", "file_names = '{{ title }}'",
    "'limit' = inf", "[view.all]", "'quer\\y' = 1", '"\\u0000" = 1',
]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    library=lists(sampled_from(_LINES), max_size=8), user=lists(sampled_from(_LINES), max_size=4)
)
def test_every_file_is_understood_or_reported(
    top: Path, library: list[str], user: list[str]
) -> None:
    lines = {"mcfs.toml": library, "config.toml": user}
    try:
        found = loaded(top, "\n".join(library), "\n".join(user))
    except ConfigError as error:
        assert re.match(r"(mcfs|.*/config)\.toml:\d+: ", str(error))
        return
    for problem in found.problems:
        assert problem.line is not None
        key = problem.key.rpartition(".")[2]
        if key.startswith('"'):
            key = json.loads(key)
        assert key in lines[problem.file.name][problem.line - 1] or key == "\0"
        assert problem.key.startswith("view.")
    for name, settings_of_view in found.views.items():
        assert name == settings_of_view.name


def test_very_deep_keys(top: Path) -> None:
    assert "1: a: there is no such key" in refused(top, f"{'.'.join('a' * 20)} = 1")
    deep = loaded(top, f"[view.{'.'.join('a' * 19)}]").problems
    assert "1: view.a.a: there is no such key" in str(*deep)

"""What can be configured: frozen values, and their defaults.

`load.py` reads them from `mcfs.toml` and the user's `config.toml`. Queries and templates are kept as text:
only `tree/` knows the fields of the library, which it takes to parse them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from mcfs.config.problems import Problem

# Loading the fields takes a while, and few commands that read the settings need them.
if TYPE_CHECKING:
    from mcfs.fields import ConfiguredKind

EXTENSIONS = frozenset(
    "aac aif aiff alac ape flac m4a mp3 mpc oga ogg opus wav wma wv".split()  # noqa: SIM905  (easier to read than a list)
)


class Entries(Enum):
    """What a track is in a folder: a symlink, or a regular file."""

    LINKS = "links"
    FILES = "files"


class Absent(Enum):
    """Whether folders list tracks whose content is not here."""

    HIDE = "hide"
    SHOW = "show"


class Names(Enum):
    """Which file systems the names in a mount must suit: Linux's, or FAT and Windows too."""

    PLAIN = "plain"
    PORTABLE = "portable"


class Playlists(Enum):
    """The folder of the mount by whose paths playlists name their tracks."""

    LIBRARY = "library"
    ALL = "all"


class Prefer(Enum):
    """Whose value an import takes where the other program and git-annex have different ones."""

    ANNEX = "annex"
    MIXXX = "mixxx"


@dataclass(frozen=True, slots=True)
class MixxxSettings:
    """The table `[import.mixxx]`."""

    # The fields to import; None: all that Mixxx has.
    fields: tuple[str, ...] | None = None
    # None: the value that is news.
    prefer: Prefer | None = None


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """One `[view.NAME]` table. None means: as `Settings` says for all views."""

    name: str
    # Query text.
    query: str = ""
    # Template texts, one for each level of folders.
    templates: tuple[str, ...] = ()
    # Template text that names the files.
    file_names: str | None = None
    # Fields as `sort:` takes them: "-rating", "title".
    sort: tuple[str, ...] = ()
    limit: int | None = None
    entries: Entries | None = None
    absent: Absent | None = None
    # The view can be opened, but the root does not list it.
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured."""

    # Extensions of the annexed files that are tracks; lower case, without the dot.
    extensions: frozenset[str] = EXTENSIONS
    entries: Entries = Entries.LINKS
    absent: Absent = Absent.HIDE
    names: Names = Names.PLAIN
    # A text is what players call the top folder of the library, without a slash at its end.
    playlists: Playlists | str = Playlists.LIBRARY
    # The fields whose values the folders of a mount can change, as the user says; and those that the
    # library's own file proposes, which change nothing: it may come from anybody.
    edit: tuple[str, ...] = ()
    proposed_edit: tuple[str, ...] = ()
    # Folded names of fields that only the library has → their kinds.
    field_kinds: Mapping[str, ConfiguredKind] = field(default_factory=lambda: MappingProxyType({}))
    mixxx: MixxxSettings = MixxxSettings()
    # By name, in the order of the files.
    views: Mapping[str, ViewSettings] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()


DEFAULTS = Settings()

"""Which blobs are links or pointers to a key, compared with git-annex."""

from __future__ import annotations

import os

import pytest

from mcfs.annex.library import open_library
from tests.annex.git_annex_oracle import Repository, read
from tests.prerequisites import needs_git_annex

KEY = b"SHA256E-s3--" + b"a" * 64 + b".mp3"
POINTER = b"/annex/objects/" + KEY
LINKED = b"../.git/annex/objects/aa/bb/" + KEY + b"/" + KEY
MORE = b"/annex/more of what git-annex may once say\n"

# As text of a regular file, and of a link.
TEXTS = {
    "pointer": POINTER + b"\n",
    "no newline": POINTER,
    "carriage return": POINTER + b"\r\n",
    "link": LINKED,
    "link that is not normal": b"x/../" + LINKED,
    "link elsewhere": b"../elsewhere/x.mp3",
    "absolute link": b"/home/me/music/.git/annex/objects/aa/bb/" + KEY + b"/" + KEY,
    "no slash before": b"annex/objects/" + KEY + b"\n",
    "text before": b"see /annex/objects/" + KEY + b"\n",
    "text after": POINTER + b"\nand more\n",
    "space after": POINTER + b" \n",
    "empty line after": POINTER + b"\n\n",
    "lines for git-annex": POINTER + b"\n" + MORE,
    "lines for git-annex, unfinished": POINTER + b"\n" + MORE.strip(),
    "lines for git-annex and more": POINTER + b"\n" + MORE + b"else\n",
    "empty line before": b"\n" + POINTER + b"\n",
    "no key": b"/annex/objects/plain\n",
    "a key of one dash": b"/annex/objects/SHA256E-s3\n",
    "no name": b"/annex/objects/SHA256E-s3--\n",
    "no backend": b"/annex/objects/-s3--x\n",
    "unknown backend": b"/annex/objects/WHAT-s3--x.mp3\n",
    "external backend": b"/annex/objects/XTEST-s3--x.mp3\n",
    "lower-case backend": b"/annex/objects/sha256e-s3--x.mp3\n",
    "time and size": b"/annex/objects/WORM-s3-m1700000000--x.mp3\n",
    "negative time": b"/annex/objects/WORM-s3-m-17--x.mp3\n",
    "time before size": b"/annex/objects/WORM-m17-s3--x.mp3\n",
    "chunk": b"/annex/objects/SHA256E-s3-S1-C2--x.mp3\n",
    "half a chunk": b"/annex/objects/SHA256E-s3-S1--x.mp3\n",
    "unknown field": b"/annex/objects/SHA256E-z3--x.mp3\n",
    "size that is none": b"/annex/objects/WORM-sx--x.mp3\n",
    "escaped": b"/annex/objects/URL--http&c%%x.org%a&ab&sc\n",
    "escaped twice": b"/annex/objects/WORM--a&ac&aab\n",
    "dashes in the name": b"/annex/objects/WORM-s3--a--b-s9.mp3\n",
    "long extension": b"/annex/objects/SHA256E-s3--" + b"a" * 64 + b".extension of many letters\n",
    "name longer than files' can be": b"/annex/objects/WORM-s3--" + b"x" * 300 + b"\n",
    "not UTF-8": b"/annex/objects/WORM-s3--caf\xe9.mp3\n",
    "windows": b"..\\.git\\annex\\objects\\aa\\bb\\" + KEY + b"\\" + KEY,
    "empty": b"",
    "up to the bound": POINTER + b"\n" + MORE * ((32 * 1024 - 200) // len(MORE)),
    "a little more": POINTER + b"\n" + MORE * ((32 * 1024 + 200) // len(MORE)),
    "far more": POINTER + b"\n" + MORE * 3000,
    "huge": bytes(20_000_000),
}  # fmt: skip


@pytest.fixture(scope="module")
def read_and_told(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, str], dict[str, str]]:
    """The keys that we read, and the keys according to git-annex."""
    needs_git_annex()
    place = Repository(tmp_path_factory.mktemp("pointers") / "repository")
    place.folder.mkdir()
    place.git("init", "-q", "-b", "main")
    place.annex("init", "-q", "pointers")
    lines = b""
    for name, text in TEXTS.items():
        blob = place.git("hash-object", "-w", "--stdin", stdin=text).strip()
        for mode in (b"100644", b"100755", b"120000"):
            if mode != b"120000" or (len(text) < 4000 and text and b"\0" not in text):
                lines += b"%s %s\t%s/%s\n" % (mode, blob, mode, name.encode())
    place.git("update-index", "--index-info", stdin=lines)
    place.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", "all of them")
    form = r"--format=${file}\000${key}\000"
    output = place.annex("find", "--branch=main", "--include=*", form).split(b"\0")
    expected = dict(
        zip(map(os.fsdecode, output[0:-1:2]), map(os.fsdecode, output[1:-1:2]), strict=True)
    )
    reading = read(open_library(place.folder))
    return (
        {path: file.key for path, file in reading.files.items()},
        expected,
    )


@pytest.mark.parametrize("text", TEXTS)
def test_which_blobs_belong_to_a_key(
    text: str, read_and_told: tuple[dict[str, str], dict[str, str]]
) -> None:
    ours, expected = (
        {path: key for path, key in keys.items() if path.endswith(f"/{text}")}
        for keys in read_and_told
    )
    assert ours == expected

"""Keys in file names, links and object folders."""

from __future__ import annotations

import pytest

from mcfs.annex.keys import content_path, key_of_file_name, key_of_link, key_size


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("SHA256E-s3--abc.mp3", "SHA256E-s3--abc.mp3"),
        ("WORM-s3-m1--a%b&cc&ad&se", "WORM-s3-m1--a/b:c&d%e"),
        ("URL--http&c%%x&a&c", "URL--http://x&:"),
        ("WORM--&acb", "WORM--&cb"),
    ],
)
def test_escapes_are_undone_in_one_pass(name: str, key: str) -> None:
    assert key_of_file_name(name) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b"../.git/annex/objects/aa/bb/SHA256E-s3--x.mp3/SHA256E-s3--x.mp3", "SHA256E-s3--x.mp3"),
        (b"/annex/objects/SHA256E-s3--x.mp3\n", "SHA256E-s3--x.mp3"),
        (b"../elsewhere/x.mp3", None),
        (b"/annex/objects/", None),
        (b"/annex/objects/plain", None),
        (b"annex/objects/SHA256E-s3--x.mp3", None),
    ],
)
def test_the_key_of_a_link_or_pointer(text: bytes, key: str | None) -> None:
    assert key_of_link(text) == key


@pytest.mark.parametrize(
    ("key", "size"),
    [
        ("SHA256E-s123--x-s9", 123),
        ("WORM-s7-m12--n", 7),
        ("URL--http://x-s5", None),
    ],
)
def test_the_size_in_a_key(key: str, size: int | None) -> None:
    assert key_size(key) == size


def test_the_content_path_is_the_hash_of_the_unescaped_key() -> None:
    key = "SHA256E-s1000--b6a96830bbe798808ec622697901c3bb392b722e780cca093ad7a7412a069f54.mp3"
    assert content_path(key) == f"annex/objects/FM/62/{key}/{key}"

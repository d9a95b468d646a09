"""Parsing of logs, compared with git-annex itself and with written examples."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime

import pytest

from mcfs.annex.logs import first_added, is_dead, parse_metadata
from tests.prerequisites import git_annex_environment, needs_git_annex

# One log each, with the trap it is about. `git annex metadata` says what each of them means.
LOGS: dict[str, bytes] = {
    "plain": b"1700000000.5s artist +Foo title +Bar\n",
    "several values": b"1700000000s genre +techno +house\n",
    "unset": b"1700000000s genre +techno +house\n1700000001s genre -techno\n",
    "the order of lines means nothing": b"1700000001s genre -techno\n1700000000s genre +techno\n",
    "set again": b"1s a +x\n2s a -x\n3s a +x\n",
    "newest sign per value": b"1s a +x +y\n2s a -x +z\n",
    "base64": b"1700000000s title +!SGVsbG8gd29ybGQ= artist +!IWJhbmc=\n",
    "base64 of what needs none": b"1700000000s title +!cGxhaW4=\n",
    "bad base64": b"1700000000s title +!n*pe artist +x\n",
    "unpadded base64": b"1700000000s title +!cGxhaW4 +x\n",
    "tab, no-break space, U+3000, U+2028": "1s t +a\tb +c\u00a0d +e\u3000f +g\u2028h\n".encode(),
    "form feed and NEL": b"1s t +a\x0cb +c\xc2\x85d\n",
    "not UTF-8": b"1700000000s title +caf\xe9\n",
    "empty value": b"1700000000s title +\n",
    "nine decimals": b"1700000000.000000001s a -x\n1700000000.000000002s a +x\n",
    "more digits than a float": b"1700000000.123456789s a +x\n1700000000.123456788s a -x\n",
    "no s": b"1700000000 a +x\n",
    "negative": b"-5s a +x\n-4s a -x +y\n",
    "same second": b"1s a +x\n1s a -x\n",
    "same second, other way round": b"1s a -x\n1s a +x\n",
    "same second, other values": b"1s a +x +z\n1s a -x +b\n",
    "same second, shorter line": b"1s a -x +y\n1s a +x\n",
    "twice in a line": b"1s a +x -x\n",
    "twice in a line, on": b"1s a -x +x\n",
    "garbage": b"<<<<<<< HEAD\n1s a +x\n=======\nfoo bar\n>>>>>>> other\n",
    "field names fold": b"1s Genre +techno\n2s genre +house\n",
    "field names fold, unset": b"1s Genre +techno\n2s GENRE -techno +x\n",
    "field names fold beyond ASCII": "1s Künstler +a\n2s KÜNSTLER +b\n".encode(),
    "sign in a value": b"1s a ++x +-y\n",
    "emoji": "1s title +🎵 comment +„quoted“\n".encode(),
    "carriage return": b"1s a +!eA0KeQ==\n",
    "no newline at the end": b"1s a +x",
    "a value before any field": b"1s +x a +y\n",
    "a field without a value": b"1s a b +y\n",
    "two spaces": b"1s  a  +x  b +y \n",
    "a space before": b" 1s a +x\n",
    "a sign alone": b"1s a + b -\n",
    "decimals that are none": b"1.x5s a +x\n",
    "no decimals": b"1.s a +x\n",
    "twelve decimals": b"1.123456789012s a +x\n",
    "plus before the time": b"+1s a +x\n",
    "field in base64": b"1s !YSBi +x\n",
    "base64 and more": b"1s a +!YWI=YWI= +x\n",
    "base64 and more, two": b"1s a +!YQ==YQ== +x\n",
    "base64 and more letters": b"1s a +!YWI=YW +x\n",
    "base64 padded too much": b"1s a +!YWI== +x\n",
    "base64 padded for nothing": b"1s a +!YWJj= +x\n",
    "base64 with bits left over": b"1s a +!YWJ= +x\n",
    "CR LF": b"1s a +x\r\n2s b +y\r\n",
    "CR LF and LF": b"1s a +x\r\n2s b +y\n",
    "CR alone": b"1s a +x\r2s b +y\n3s c +z\n",
    "CR in a value": b"1s a +x\ry b +y\n",
    "base64 of nothing": b"1s a +! +x\n",
    "base64 with a line in it": b"1s a +!YW\rI= +x\n",
    "the same field twice in a line": b"1s a +x b +y a +z -x\n",
    "names that fold to two letters": "1s straße +a\n2s STRASSE +b\n".encode(),
    "names that fold to one": "1s \u212aey +a\n2s key +b\n".encode(),
    "empty": b"",
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    """git-annex's own result for each log, after it was written to the branch."""
    needs_git_annex()
    folder = tmp_path_factory.mktemp("oracle")
    environment = git_annex_environment(folder)

    def run(*words: str, stdin: bytes = b"") -> bytes:
        return subprocess.run(
            words, cwd=folder, env=environment, input=stdin, stdout=subprocess.PIPE, check=True
        ).stdout

    run("git", "init", "-q")
    run("git", "annex", "init", "-q", "oracle")
    for number in range(len(LOGS)):
        (folder / f"{number}.mp3").write_bytes(b"sound %d" % number)
    run("git", "annex", "add", "-q", ".")
    found = run("git", "annex", "find", "--format=${file} ${hashdirlower} ${key}\n").decode()
    by_file = {line.split()[0]: line.split()[1:] for line in found.splitlines()}
    keys = {trap: by_file[f"{number}.mp3"] for number, trap in enumerate(LOGS)}
    run("git", "annex", "merge", "-q")
    # The branch as it stands, and our logs beside its own.
    lines = run("git", "ls-tree", "-r", "git-annex")
    for trap, log in LOGS.items():
        blob = run("git", "hash-object", "-w", "--stdin", stdin=log).decode().strip()
        folders, key = keys[trap]
        lines += f"100644 blob {blob}\t{folders}{key}.log.met\n".encode()
    index = {"GIT_INDEX_FILE": str(folder / "index-of-the-branch")}
    subprocess.run(
        ["git", "update-index", "--index-info"],
        cwd=folder,
        env=environment | index,
        input=lines,
        check=True,
    )
    tree = subprocess.run(
        ["git", "write-tree"], cwd=folder, env=environment | index, stdout=subprocess.PIPE, check=True
    ).stdout.decode().strip()  # fmt: skip
    commit = run("git", "commit-tree", "-p", "git-annex", "-m", "logs", tree).decode().strip()
    run("git", "update-ref", "refs/heads/git-annex", commit)
    results = {}
    printed = run("git", "annex", "metadata", "--json").decode("utf-8", "surrogateescape")
    described = {line["key"]: line for line in map(json.loads, printed.split("\n")[:-1])}
    for trap, (_, key) in keys.items():
        fields = described[key]["fields"]
        results[trap] = {
            name: sorted(values) for name, values in fields.items() if "lastchanged" not in name
        }
    return results


@pytest.mark.parametrize("trap", LOGS)
def test_metadata_agrees_with_git_annex(
    trap: str, expected: dict[str, dict[str, list[str]]]
) -> None:
    ours = {name: sorted(values) for name, values in parse_metadata(LOGS[trap]).values.items()}
    if trap == "not UTF-8":
        # JSON cannot carry the byte: git-annex prints a replacement, we keep what was written.
        assert ours == {"title": ["caf\udce9"]}
        assert expected[trap].keys() == ours.keys()
        return
    assert ours == expected[trap]


def test_the_time_of_the_last_change() -> None:
    log = b"1700000000.5s a +x\n1600000000s b +y\n"
    assert parse_metadata(log).changed_at == datetime.fromtimestamp(1700000000.5, UTC)
    assert parse_metadata(b"").changed_at is None


def test_a_time_beyond_the_calendar_is_ignored() -> None:
    assert parse_metadata(b"99999999999999999s a +x\n").changed_at is None
    assert parse_metadata(b"infs a +x\n").values == {}


def test_the_date_added_is_the_earliest_in_the_location_log() -> None:
    log = b"1700000002s 1 uuid-a\n1700000001.25s 0 uuid-b\n\nrubbish\n"
    assert first_added(log) == datetime.fromtimestamp(1700000001.25, UTC)
    assert first_added(b"") is None


@pytest.mark.parametrize(
    ("log", "dead"),
    [
        (b"", False),
        (b"1s 1 a\n", False),
        (b"1s 1 a\n2s X a\n", True),
        (b"2s X a\n1s 1 a\n", True),
        (b"2s X a\n1s 1 b\n", False),
        (b"2s X a\n3s 1 a\n", False),
        # As git-annex lists or leaves out such keys with --all.
        (b"1s 0 a\n1s X a\n", False),
        (b"1s X a\n1s 0 a\n", True),
        (b"1s Z a\n2s X b\n", True),
        (b"rubbish\n1s X a\n", True),
        (b"1s X a\r\n", True),
        (b"1s 1 a\n2s X a of two words\n", False),
    ],
)
def test_dead(log: bytes, dead: bool) -> None:
    assert is_dead(log) is dead

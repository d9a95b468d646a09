"""Rendering: a table of templates, cells, and texts."""

from __future__ import annotations

import pytest

from mcfs.template import Cell, looks_like_template, parse_template, split_levels

Rows = list[tuple[str, list[Cell], str]]

PLAIN: Rows = [
    ("{{ genre }}", ["Techno"], "Techno"),
    (
        "{{ artist }} - {{ title }}.{{ ext }}",
        ["Surgeon", "Magneze", "flac"],
        "Surgeon - Magneze.flac",
    ),
    ("{{ a }}{{ b }}{{ a }}", ["x", "y"], "xyx"),
    ("{ {{ a }} %}", ["x"], "{ x %}"),
    ("a/{{ b }}/c", ["x/y"], "a/x∕y/c"),
    ("{{ genre }}", ["AC/DC"], "AC∕DC"),
    ("{{ genre }}", ["a\nb\0\x7f"], "a␊b␀␡"),
    ("{{ genre }}", [".hidden"], ".hidden"),
    ("{{ genre }}", ["  spaced "], "  spaced "),
    ("{{ genre }}", ["caf\udce9"], "caf\udce9"),
    ("{{ genre }}", ["{{ bpm }}"], "{{ bpm }}"),
    ("{{ genre }}", ["x" * 5000], "x" * 256),
    ('{{ "a/b\\"\\\\" if x else 0 }}', [True], 'a∕b"\\'),
    ("{{ 'a' 'b' if x else 0 }}", [True], "ab"),
]

MISSING: Rows = [
    ("{{ genre }}", [None], "Unknown"),
    ("{{ genre }}", [""], ""),
    ("{{ genre }}", [" \t\n "], "Unknown"),
    ("{{ artist }} - {{ title }}", [None, "T"], "Unknown - T"),
    # Only a template says so: no field has an empty value.
    ('{{ "" if x else x }}', [True], ""),
    ('{{ title }}{{ " (live)" if live else "" }}', ["T", False], "T"),
    ("{{ none if x else x }}", [True], "Unknown"),
    ("{{ bpm }}", [float("nan")], "Unknown"),
    ("{{ bpm }}", [float("inf")], "Unknown"),
    ("{{ bpm }}", [1e16], "Unknown"),
    ("{{ bpm }}", [10**400], "Unknown"),
]

NUMBERS: Rows = [
    ("{{ bpm }}", [128.0], "128"),
    ("{{ bpm }}", [127.9], "127.9"),
    ("{{ bpm }}", [128], "128"),
    ("{{ bpm }}", [-0.0], "0"),
    ("{{ bpm }}", [-3.5], "-3.5"),
    ("{{ bpm }}", [1e15], "1000000000000000"),
    ("{{ bpm }}", [123456789012345.6], "123456789012345.6"),
    ("{{ bpm }}", [0.00001], "0.00001"),
    ("{{ bpm }}", [1e-12], "0"),
    ("{{ bpm }}", [-1e-12], "0"),
    ("{{ a + b }}", [0.1, 0.2], "0.3"),
    ("{{ a / 3 }}", [1.0], "0.333333333"),
    ("{{ a }}", ["0128"], "0128"),
    ("{{ live }}", [True], "yes"),
    ("{{ live }}", [False], "no"),
]

ARITHMETIC: Rows = [
    ("{{ a + b }}", [1, 2.5], "3.5"),
    ("{{ a - b - 1 }}", [5, 2], "2"),
    ("{{ a - (b - 1) }}", [5, 2], "4"),
    ("{{ a + b * 2 }}", [1, 3], "7"),
    ("{{ (a + b) * 2 }}", [1, 3], "8"),
    ("{{ a / 2 }}", [5], "2.5"),
    ("{{ a ∕ 2 }}", [5], "2.5"),
    ("{{ a // 2 }}", [5], "2"),
    ("{{ a ∕∕ 2 }}", [-5], "-3"),
    ("{{ a % 4 }}", [10], "2"),
    ("{{ -a }}", [3], "-3"),
    ("{{ --a }}", [3], "3"),
    ("{{ -a }}", [0], "0"),
    ("{{ -a | round }}", [2.5], "-3"),
    ("{{ a + 1 }}", ["7"], "8"),
    ("{{ a + 1 }}", [" 7,5 "], "8.5"),
    ("{{ a + 1 }}", ["A"], "Unknown"),
    ("{{ a + 1 }}", ["1e3"], "Unknown"),
    ("{{ a + 1 }}", ["9" * 400], "Unknown"),
    ("{{ a + 1 }}", [None], "Unknown"),
    ("{{ a + 1 }}", [True], "Unknown"),
    ("{{ a / b }}", [1, 0], "Unknown"),
    ("{{ a // b }}", [1, 0], "Unknown"),
    ("{{ a % b }}", [1, 0], "Unknown"),
    ("{{ a * b }}", [1e15, 1e15], "Unknown"),
    ("{{ a / b }}", [1e15, 5e-324], "Unknown"),
    ("{{ a // b }}", [1e15, 5e-324], "Unknown"),
    ("{{ 0xff + a * 1_000 }}", [1], "1255"),
    ("{{ 1e3 + a }}", [0], "1000"),
]

CHOICES: Rows = [
    ('{{ "fast" if bpm > 140 else "slow" }}', [150.0], "fast"),
    ('{{ "fast" if bpm > 140 else "slow" }}', [140.0], "slow"),
    ('{{ "fast" if bpm > 140 else "slow" }}', [None], "slow"),
    ('{{ "fast" if bpm > 140 else "slow" }}', ["fast"], "slow"),
    ("{{ 1 if a else 2 if b else 3 }}", [None, "x"], "2"),
    ("{{ (1 if a else 2) if b else 3 }}", [None, "x"], "2"),
    ("{{ albumartist or artist }}", [None, "B"], "B"),
    ("{{ albumartist or artist }}", ["A", "B"], "A"),
    ("{{ a or b }}", [" ", "B"], "B"),
    ("{{ a or b }}", [0, "B"], "B"),
    ("{{ a or b }}", [float("nan"), "B"], "B"),
    ("{{ a or b }}", [None, False], "no"),
    ("{{ a and b }}", ["A", "B"], "B"),
    ("{{ a and b }}", [None, "B"], "Unknown"),
    ("{{ a and b }}", [0, "B"], "0"),
    ("{{ not a }}", [None], "yes"),
    ("{{ not a }}", ["x"], "no"),
    ("{{ a OR b AND NOT c }}", [None, "B", None], "yes"),
]

COMPARISONS: Rows = [
    ("{{ a == b }}", ["BEYONCÉ", "beyonce"], "yes"),
    ("{{ a == b }}", ["AC/DC", "ac∕dc"], "yes"),
    ("{{ a != b }}", ["a", "b"], "yes"),
    ("{{ a < b }}", ["Äpfel", "Birnen"], "yes"),
    ("{{ a <= b }}", ["É", "e"], "yes"),
    ("{{ a > b }}", ["10", "9"], "no"),
    ('{{ a > "9" }}', [10], "yes"),
    ("{{ a > 9 }}", ["10"], "yes"),
    ("{{ a >= 9 }}", [9], "yes"),
    ("{{ a == 7 }}", ["07"], "yes"),
    ("{{ a == 7 }}", ["seven"], "no"),
    ("{{ a != 7 }}", ["seven"], "yes"),
    ("{{ a < 7 }}", ["seven"], "Unknown"),
    ("{{ a < 7 }}", [None], "Unknown"),
    ("{{ a < b }}", [False, True], "Unknown"),
    ("{{ a == true }}", [True], "yes"),
    ("{{ a == true }}", [1], "no"),
    ("{{ a == none }}", [None], "yes"),
    ('{{ a == "" }}', [None], "yes"),
    ('{{ a == "" }}', ["x"], "no"),
    ("{{ a == b }}", [None, "x"], "no"),
    ("{{ a + b == 0.3 }}", [0.1, 0.2], "yes"),
    ("{{ a + b <= 0.3 }}", [0.1, 0.2], "yes"),
    ("{{ 120 <= bpm < 130 }}", [120], "yes"),
    ("{{ 120 <= bpm < 130 }}", [130], "no"),
    ("{{ 120 <= bpm < 130 }}", [119], "no"),
    ("{{ 120 <= bpm < a }}", [125, None], "Unknown"),
]

FILTERED: Rows = [
    ("{{ bpm | round }}", [127.5], "128"),
    ("{{ bpm | round }}", [126.5], "127"),
    ("{{ bpm | round }}", [-126.5], "-127"),
    ("{{ bpm | round }}", [-0.4], "0"),
    ("{{ bpm | round(2) }}", [2.675], "2.68"),
    ("{{ bpm | round(9) }}", [1e15], "1000000000000000"),
    ("{{ bpm | round }}", ["127.5"], "128"),
    ("{{ bpm | round }}", ["fast"], "Unknown"),
    ("{{ bpm | round }}", [None], "Unknown"),
    ("{{ bpm | round_to(5) }}", [127.4], "125"),
    ("{{ bpm | round_to(5) }}", [127.5], "130"),
    ("{{ bpm | round_to(5) }}", [-127.5], "-130"),
    ("{{ bpm | round_to(0.1) }}", [0.31], "0.3"),
    ("{{ bpm | round_to(2.5) }}", [6], "5"),
    ("{{ bpm | round_to(5) }}", ["fast"], "Unknown"),
    ("{{ bpm | int }}", [127.9], "127"),
    ("{{ bpm | int }}", [-127.9], "-127"),
    ("{{ bpm | int }}", ["127,9"], "127"),
    ("{{ bpm | int }}", [True], "Unknown"),
    ("{{ a | lower }}", ["ÄB"], "äb"),
    ("{{ a | upper }}", ["äb"], "ÄB"),
    ("{{ a | upper }}", [128.0], "128"),
    ("{{ a | upper }}", [None], "Unknown"),
    ("{{ a | title }}", ["don't stop"], "Don't Stop"),
    ("{{ a | title }}", ["DON’T STOP"], "Don’t Stop"),
    ("{{ a | title }}", ["hip-hop (live) r.e.m. ac/dc"], "Hip-Hop (Live) R.E.M. Ac∕Dc"),
    ("{{ a | title }}", ["'til 2step 1st éric e\u0301clair"], "'Til 2step 1st Éric E\u0301clair"),
    ("{{ a | default('none') }}", [None], "none"),
    ("{{ a | default('none') }}", [" "], "none"),
    ("{{ a | default('none') }}", ["x"], "x"),
    ("{{ a | default(0) }}", [None], "0"),
    ("{{ a | default(-1) + 2 }}", [None], "1"),
    ("{{ a | default(5) }}", [0], "0"),
    ("{{ a | default(true) }}", [False], "no"),
    ("{{ a | round | default('?') }}", ["fast"], "?"),
    ("{{ a | truncate(5) }}", ["Techno"], "Techn"),
    ("{{ a | truncate(6) }}", ["Techno"], "Techno"),
    ("{{ a | truncate(5) }}", ["Deep House"], "Deep"),
    ("{{ a | truncate(4) }}", ["cafe\u0301s"], "caf"),
    ("{{ a | truncate(5) }}", ["cafe\u0301s"], "cafe\u0301"),
    ("{{ a | truncate(2) }}", ["👩\u200d👩\u200d👧 x"], "👩\u200d"),
    ("{{ a | truncate(2) }}", ["x👩\u200d👩"], "x"),
    ("{{ a | truncate(4) }}", ["1997-05-12"], "1997"),
    ("{{ (a | truncate(4)) + 1 }}", ["1997-05-12"], "1998"),
    ("{{ a | first_letter }}", ["ändern"], "A"),
    ("{{ a | first_letter }}", ["A\u0308ndern"], "A"),
    ("{{ a | first_letter }}", ["  Surgeon"], "S"),
    ("{{ a | first_letter }}", ["2 Unlimited"], "#"),
    ("{{ a | first_letter }}", [808.0], "#"),
    ("{{ a | first_letter }}", ["!!!"], "#"),
    ("{{ a | first_letter }}", ["🎧"], "#"),
    ("{{ a | first_letter }}", ["ёлка"], "Ё"),
    ("{{ a | first_letter }}", ["ßa"], "S"),
    ("{{ a | first_letter }}", ["Øya"], "O"),
    ("{{ a | first_letter }}", ["가을"], "가"),
    ("{{ a | first_letter }}", ["ელენე"], "ე"),
    ("{{ a | first_letter }}", ["\u0390a"], "\u0390"),
    ("{{ a | first_letter }}", ["\u0301"], "#"),
    ("{{ a | first_letter }}", [None], "Unknown"),
    ("{{ a | decade }}", ["1997-05-12"], "1990s"),
    ("{{ a | decade }}", [1997.0], "1990s"),
    ("{{ a | decade }}", [2000], "2000s"),
    ("{{ a | decade }}", [" 2009"], "2000s"),
    ("{{ a | decade }}", [97], "Unknown"),
    ("{{ a | decade }}", ["12.05.97"], "Unknown"),
    ("{{ a | camelot }}", ["Am"], "8A"),
    ("{{ a | camelot }}", ["1m"], "8A"),
    ("{{ a | camelot }}", ["F♯/G♭"], "2B"),
    ("{{ a | camelot }}", ["8a"], "8A"),
    ("{{ a | camelot }}", ["fast"], "Unknown"),
    ("{{ a | camelot }}", [8.0], "Unknown"),
    ("{{ a | camelot }}", [" " * 100_000 + "8A"], "Unknown"),
    ("{{ a | openkey }}", ["8A"], "1m"),
    ("{{ a | openkey }}", [None], "Unknown"),
    ("{{ a | stars }}", [3.0], "★★★"),
    ("{{ a | stars }}", ["5"], "★★★★★"),
    ("{{ a | stars }}", [0], "Unknown"),
    ("{{ a | stars }}", [6], "Unknown"),
    ("{{ a | stars }}", [None], "Unknown"),
    ("{{ a | pad(2) }}", [7], "07"),
    ("{{ a | pad(2) }}", [7.0], "07"),
    ("{{ a | pad(2) }}", ["7"], "07"),
    ("{{ a | pad(2) }}", ["123"], "123"),
    ("{{ a | pad(2) }}", ["3/14"], "3∕14"),
    ("{{ a | pad(3) }}", ["A1"], "A1"),
    ("{{ a | pad(4) }}", [7.5], "7.5"),
    ("{{ a | pad(4) }}", [-7], "-7"),
    ("{{ a | pad(4) }}", ["٣"], "٣"),
    ("{{ a | pad(20) }}", [1], "0" * 19 + "1"),
    ("{{ a | pad(2) }}", [None], "Unknown"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cells", "name"),
    [*PLAIN, *MISSING, *NUMBERS, *ARITHMETIC, *CHOICES, *COMPARISONS, *FILTERED],
)
def test_shows(text: str, cells: list[Cell], name: str) -> None:
    assert parse_template(text).render(cells) == name


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("{{genre}}", "{{ genre }}"),
        ("{{  Genre|UPPER  }}", "{{ genre | upper }}"),
        ("{{ ÉTAT }}", "{{ etat }}"),
        ("{{ (genre) }}", "{{ genre }}"),
        ("{{a}}-{{ b }}", "{{ a }}-{{ b }}"),
        ("{{ a|default('x') }}", '{{ a | default("x") }}'),
        ("{{ a|default('say \"x\"\\\\') }}", '{{ a | default("say \\"x\\"\\\\") }}'),
        ("{{ a|default('∕') }}", '{{ a | default("∕") }}'),
        ("{{ a∕2 }}", "{{ a / 2 }}"),
        ("{{ a|round(0) }}", "{{ a | round }}"),
        ("{{ a|round(-0) }}", "{{ a | round }}"),
        ("{{ a|round_to(5.00) }}", "{{ a | round_to(5) }}"),
        ("{{ a|round_to(0.50) }}", "{{ a | round_to(0.5) }}"),
        ("{{ a+0x10*1_0 }}", "{{ a + 16 * 10 }}"),
        ("{{ (a+b)+c }}", "{{ a + b + c }}"),
        ("{{ a+(b+c) }}", "{{ a + (b + c) }}"),
        ("{{ (a*b)/(c*d) }}", "{{ a * b / (c * d) }}"),
        ("{{ -(a+b)|round }}", "{{ -(a + b) | round }}"),
        ("{{ -(a|round) }}", "{{ -(a | round) }}"),
        ("{{ (-a)|round }}", "{{ -a | round }}"),
        ("{{ (a+b)|round }}", "{{ (a + b) | round }}"),
        ("{{ a+(b|round) }}", "{{ a + b | round }}"),
        ("{{ not (a or b) and (c == d) }}", "{{ not (a or b) and c == d }}"),
        ("{{ (not a) or (b and c) }}", "{{ not a or b and c }}"),
        ("{{ not (a == b) }}", "{{ not a == b }}"),
        ("{{ (not a) == b }}", "{{ (not a) == b }}"),
        ("{{ (a < b) < c }}", "{{ (a < b) < c }}"),
        ("{{ a if b else (c if d else e) }}", "{{ a if b else c if d else e }}"),
        ("{{ (a if b else c) if d else e }}", "{{ (a if b else c) if d else e }}"),
        ("{{ True if a else NONE }}", "{{ true if a else none }}"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    template = parse_template(text)
    assert template.text == canonical
    assert template == parse_template(canonical)
    assert hash(template) == hash(parse_template(canonical))


def test_what_means_something_else_is_another_template() -> None:
    texts = ["{{ a - b - c }}", "{{ a - (b - c) }}", "{{ a }}-{{ b }}", "{{ a }} - {{ b }}"]
    assert len({parse_template(text) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("{{ Genre }}", ("genre",)),
        ("{{ b }}{{ a }}{{ B }}", ("b", "a")),
        ("{{ c if a else b }}", ("c", "a", "b")),
        ("{{ a | default('b') }}", ("a",)),
    ],
)
def test_fields(text: str, fields: tuple[str, ...]) -> None:
    assert parse_template(text).fields == fields


@pytest.mark.parametrize(
    ("text", "verbatim"),
    [
        ("{{ genre }}", True),
        ("{{(GENRE)}}", True),
        ("{{ albumartist or artist }}", True),
        ("{{ genre or 'x' }}", False),
        ("{{ genre }} ", False),
        ("{{ genre | upper }}", False),
        ("{{ genre }}{{ genre }}", False),
    ],
)
def test_verbatim(text: str, verbatim: bool) -> None:
    assert parse_template(text).verbatim is verbatim


@pytest.mark.parametrize(
    ("text", "names_files"),
    [
        ("{{ title }}.{{ ext }}", True),
        ("{{ FileName }}", True),
        ("{{ title if ext == 'mp3' else artist }}", True),
        ("{{ title }}.ext", False),
        ("{{ extra }}", False),
    ],
)
def test_names_files(text: str, names_files: bool) -> None:
    assert parse_template(text).names_files is names_files


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{{ genre }}", True),
        ("x {% if %}", True),
        ("{# x #}", True),
        ("genre:techno", False),
        ("{genre}", False),
        ("}}", False),
        ("", False),
    ],
)
def test_looks_like_template(text: str, meant: bool) -> None:
    assert looks_like_template(text) is meant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ genre }}", ["{{ genre }}"]),
        ("{{ genre }}/{{ artist }}", ["{{ genre }}", "{{ artist }}"]),
        ("a/{{ b }}/c", ["a", "{{ b }}", "c"]),
        ("/{{ b }}//c/", ["{{ b }}", "c"]),
        ("{{ bpm / 2 }}/{{ a//b }}", ["{{ bpm / 2 }}", "{{ a//b }}"]),
        ("{{ a | default('}}/') }}/b", ["{{ a | default('}}/') }}", "b"]),
        ('{{ a | default("\\"}}/") }}/b', ['{{ a | default("\\"}}/") }}', "b"]),
        ("it's {{ a }}/it's", ["it's {{ a }}", "it's"]),
        ("{{ a } / b", ["{{ a } / b"]),
        ("{{ 'a / }}/b", ["{{ 'a / }}/b"]),
        ("{ a/b }", ["{ a", "b }"]),
        ("", []),
        ("{{" * 100_000, ["{{" * 100_000]),
    ],
)
def test_levels(text: str, expected: list[str]) -> None:
    assert list(split_levels(text)) == expected


@pytest.mark.parametrize(
    ("text", "field", "canonical"),
    [
        ("{{ meta.genre }}", "meta.genre", "{{ meta.genre }}"),
        ("{{ META . Genre }}", "meta.genre", "{{ meta.genre }}"),
        ("{{ meta.mixxx.color }}", "meta.mixxx.color", "{{ meta.mixxx.color }}"),
        ('{{ meta["mixxx.color"] }}', "meta.mixxx.color", "{{ meta.mixxx.color }}"),
        (
            "{{ meta['Replaygain-Track'] }}",
            "meta.replaygain-track",
            '{{ meta["replaygain-track"] }}',
        ),
        ("{{ meta.if }}", "meta.if", '{{ meta["if"] }}'),
        ('{{ meta["true"] }}', "meta.true", '{{ meta["true"] }}'),
        # As everywhere, what a keyboard has for a slash is one.
        ('{{ meta["a\\"b\\\\c"] }}', 'meta.a"b/c', '{{ meta["a\\"b/c"] }}'),
        ("{{ meta.__class__ }}", "meta.__class__", "{{ meta.__class__ }}"),
        ("{{ meta }}", "meta", "{{ meta }}"),
        ('{{ meta["x y"] | upper }}', "meta.x y", '{{ meta["x y"] | upper }}'),
    ],
)
def test_a_field_of_any_name(text: str, field: str, canonical: str) -> None:
    template = parse_template(text)
    assert (template.fields, template.text) == ((field,), canonical)
    assert parse_template(canonical) == template
    assert template.render(["value"]).lower() == "value"

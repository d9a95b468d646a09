"""The error for a field that does not exist: which similar field may have been meant."""

from __future__ import annotations

from mcfs.fields import Vocabulary
from mcfs.fields.table import RAW_PREFIX
from mcfs.text.fold import fold
from mcfs.text.similar import similar_words

# They hold for the whole query, and are written like terms of a field.
DIRECTIVES = ("sort", "limit", "shuffle")
# Fields of Mixxx's searches that no import can bring.
_MIXXX_ONLY = {"id": "the numbers that Mixxx gives its tracks"}
_LIST = "`mcfs fields` lists what there is"


def unknown_field(
    written: str, vocabulary: Vocabulary, *, directives: bool = True
) -> tuple[str, str]:
    """The error message and its suggestion, which may be a directive where one can stand."""
    if fold(written) in _MIXXX_ONLY:
        return f"git-annex does not know {_MIXXX_ONLY[fold(written)]}", _LIST
    similar = similar_fields(written, vocabulary, directives=directives)
    hint = " or ".join(f'"{name}"' for name in similar)
    return (
        f'unknown field "{written}"',
        f"did you mean {hint}?" if similar else _LIST,
    )


def similar_fields(written: str, vocabulary: Vocabulary, *, directives: bool = True) -> list[str]:
    """At most two names that queries can begin with, the most similar first."""
    raw = f"{RAW_PREFIX}{fold(written)}"
    if vocabulary.canonical(raw) is not None:
        return [raw]  # git-annex calls it "meta.x", so it is written meta.meta.x
    names = [*vocabulary.names(), *(DIRECTIVES if directives else ())]
    return similar_words(fold(written), names, most=2)

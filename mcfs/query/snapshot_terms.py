"""What a term means that names a snapshot: `snapshot:Friday`, `snapshot:"Friday, late"`.

Owns that a snapshot is named by its whole name, and the error for one that does not exist.
"""

from __future__ import annotations

from mcfs.fields import Vocabulary
from mcfs.query.terms import InSnapshot
from mcfs.query.written_term import WrittenTerm
from mcfs.text.fold import fold
from mcfs.text.similar import similar_words

_LIST = "`mcfs snapshot list` lists what there is"


def snapshot_term(written: WrittenTerm, vocabulary: Vocabulary) -> InSnapshot:
    """The tracks of a snapshot that exists; case and accents of its name do not matter."""
    if written.before.strip("=") or written.after:
        raise written.error(
            "a snapshot is named by its whole name", f'write snapshot:"{written.value}"'
        )
    name = written.value if written.quoted else written.value.removeprefix("=")
    if not name:
        raise written.error(
            "the name of a snapshot is missing", "write for example snapshot:Friday"
        )
    known = vocabulary.snapshot(name)
    if known is None:
        raise written.error(
            f'no snapshot of the name "{name}"', _instead(name, vocabulary), written.text_position
        )
    return InSnapshot(known)


def _instead(name: str, vocabulary: Vocabulary) -> str:
    folded = {fold(known): known for known in sorted(vocabulary.snapshots)}
    similar = similar_words(fold(name), folded)
    # What is similar may be a word of a name, and no name.
    near = [folded[text] for text in similar if text in folded]
    begins = [known for text, known in folded.items() if text.startswith(fold(name))]
    for known in (*near, *begins):
        return f'did you mean "{known}"?'
    return _LIST

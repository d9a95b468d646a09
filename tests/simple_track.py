"""A track record for tests that need only a few of its fields."""

from __future__ import annotations

from mcfs.store import TrackRecord


def simple_track(name: str, **more: str | tuple[str, ...]) -> TrackRecord:
    """A track whose content is here; `file` is its work path, all other words are fields."""
    file = str(more.pop("file", f"{name}.mp3"))
    return TrackRecord(
        annex_key=f"MD5E-s1--{name.encode('utf-8', 'surrogateescape').hex()}",
        name=f"{name}.mp3",
        files=(file,) if file else (),
        content_path=f"annex/objects/{name}",
        present=True,
        size=1,
        values={field: (text,) if isinstance(text, str) else text for field, text in more.items()},
    )

"""Tracks outside of a mount: as text that other programs read, and as folders of copies or links on a disk.

The formats (`playlist.py`, `csv_table.py`, `json_objects.py`, `rekordbox.py`) are pure. An export to a disk
goes through these, in their order:

    plan.py             what it consists of; `portable_plan.py` changes its names for FAT and Windows
    destination.py      where it goes, and what the file system there can do
    wanted.py           where each link leads, what each copy is a copy of
    manifest.py         what earlier exports have made there
    target_folders.py   what is there now
    changes.py          what is to be written, kept, replaced and removed: the one table of these decisions
    prepared.py         all of this together, before anything is written
    writing.py          does it, with `copying.py`

Nothing here knows a database. Text that is not UTF-8 passes through (surrogateescape), to be written as the
bytes it was. Only JSON and the titles in a playlist cannot carry such bytes.
"""

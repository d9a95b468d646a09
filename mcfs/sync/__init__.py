"""Library → store: syncs in full or by difference, and watching for changes.

run.py           one sync, from its lock to its record
edited_tracks.py follows edits of a few tracks, without a sync
changes.py       what has to be read again
derive.py        what git-annex has about a key → the record of a track
progress.py      how far a sync has come
report.py        what a sync found and changed
waiting.py       waits while another process syncs
background.py    keeps syncing while the library is mounted
watch.py         notices that something may have changed
"""

"""Pure functions on text, which know no fields, no queries and no database.

fold.py          when two texts count as the same
raw_text.py      text that is not UTF-8
whole_words.py   where in a text another one stands
regular_expressions.py   patterns, whose time is linear
folders.py       which folders are inside others
escape.py        legal names of folders and files
portable.py      names for file systems that allow less
unique_names.py  unique names in one folder
track_names.py   the name of a track
cover_names.py   which files are covers
musical_keys.py  keys in every notation
numbers.py       numbers in metadata
printable.py     text that is safe on a terminal
similar.py       "did you mean"
timestamps.py    moments as whole numbers
"""

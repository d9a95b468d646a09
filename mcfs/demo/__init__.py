"""A small real git-annex library with sound in it, to try mcfs on and to test with.

catalogue.py         which tracks there are: first the handwritten ones, then generated ones
handwritten.py       twenty tracks that have every special case
generated.py         any number of made-up tracks, and words.py the words for them
key_notations.py     how programs write musical keys
track.py             a track: its files, metadata and tune
tune.py, sound.py, flac.py, mp3.py, tags.py    what is in the files
library.py           the two repositories, made with git-annex
"""

"""A small real git-annex library with sound in it, to try things on and to test with.

`catalogue` owns what the tracks are called and what is special about them (`memorable` the ones
written by hand, `crowd` the ones made up, `musickeys` how a key is spelled); `tune`, `sound`, `flac`,
`mp3` and `tags` own what is in the files; `library` owns the two repositories.
"""

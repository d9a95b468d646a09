"""The FUSE side of a mount. The only room that knows pyfuse3."""

from mcfs.fuse import c_library

# Python runs this before any module of this room, and so before the first of them imports pyfuse3.
c_library.load()

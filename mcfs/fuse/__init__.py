"""The FUSE side of a mount. The only room that knows pyfuse3."""

from mcfs.fuse import kernel_caches

# Python runs this before any module of this room, and so before the first of them imports pyfuse3.
kernel_caches.load()

"""The FUSE side of a mount. The only room that knows pyfuse3."""

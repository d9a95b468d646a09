"""What the mount shows, with no FUSE in it."""

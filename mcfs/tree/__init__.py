"""What the mount shows, with no FUSE in it. `tree.py` is the door, and lists the modules of this room."""

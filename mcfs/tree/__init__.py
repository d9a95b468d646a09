"""What the mount shows, with no FUSE in it. `tree.py` has the interface, and lists the modules."""

"""The store by itself: records in, rows out, and everything that can go wrong with a file."""

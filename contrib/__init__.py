"""What developers run. Nothing here is installed with mcfs."""

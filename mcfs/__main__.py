"""`python -m mcfs` is `mcfs`."""

from mcfs.cli import main

if __name__ == "__main__":
    main()

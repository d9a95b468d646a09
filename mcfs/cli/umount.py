"""`mcfs umount`."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.mounting.unmount import unmount


@click.command("umount")
@click.argument("mount_point", metavar="MOUNTPOINT", type=click.Path(path_type=Path))
def command(mount_point: Path) -> None:
    """Unmount, a dead mount too."""
    unmount(mount_point)

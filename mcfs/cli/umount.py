"""`mcfs umount`: unmounts."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.mounting.unmount import unmount


@click.command("umount")
@click.argument("mount_point", metavar="MOUNTPOINT", type=Path)  # click.Path would ask the mount
def command(mount_point: Path) -> None:
    """Unmount, also when the mount is dead."""
    unmount(mount_point)

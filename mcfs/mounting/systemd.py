"""Tells systemd how a mount is doing (sd_notify), where systemd has started it."""

from __future__ import annotations

import contextlib
import os
import socket


def notify(state: str) -> None:
    """Send one datagram to the socket that systemd names; without one, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(address)
        line.sendall(state.encode())

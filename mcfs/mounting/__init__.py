"""The life of a mount: options, background process, signals, systemd, unmounting."""

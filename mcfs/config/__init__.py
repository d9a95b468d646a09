"""mcfs.toml and the user's config.toml, read into frozen values."""

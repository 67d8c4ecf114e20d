"""The actors: trio, and nothing of HTTP or SQL."""

"""Tells an operator's own system that somebody may be in danger now; off by default."""

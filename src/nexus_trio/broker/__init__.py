"""Ordered publish and delivery of room events: the seam, and its adapters."""

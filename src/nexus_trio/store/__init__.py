"""Durable append and read: the seam, and its adapters."""

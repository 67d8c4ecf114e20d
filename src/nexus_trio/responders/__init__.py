"""What makes replies: the seam, and its adapters."""

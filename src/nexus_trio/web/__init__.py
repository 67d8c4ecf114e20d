"""HTTP: the Quart-Trio application."""

"""Pure values: no trio, no clock, no I/O."""

"""The demo: a small district attacked and brought back, every step done for real."""

"""The doctor: what is wrong with this installation, why it matters, and what mends it. Looks, never changes."""

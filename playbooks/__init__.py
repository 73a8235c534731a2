"""Hardening: what a host should look like, what it looks like, and the change between."""

"""Copies: repositories, offline media, their checks and restores."""

"""Readers: from lines of logs to events. What is no event is counted as corrupt, never dropped in silence."""

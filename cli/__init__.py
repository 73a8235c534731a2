"""Words: the commands, and the only place that prints."""

"""The watch: due copies and detection, each apart from the others, for as long as the machine runs."""

"""The watch: due copies, detection, clocks and notices, each apart from the others, for as long as the machine runs."""

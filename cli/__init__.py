"""Words: the commands, and the only place that prints."""

import gc

# A command makes many values that live as long as it does, modules first of all; looking through them for garbage each
# few hundred would take a tenth of its time.
gc.set_threshold(100_000, 50, 100)

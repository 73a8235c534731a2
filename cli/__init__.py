"""Words: the commands, and the only place that prints."""

import gc
import os

# A command makes many values that live as long as it does, modules first of all; looking through them for garbage each
# few hundred would take a tenth of its time.
gc.set_threshold(100_000, 50, 100)

# What reads the site takes no part from whatever else is installed, and does not spend time looking for it.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")

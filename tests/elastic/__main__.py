"""`make elastic`: fetch Elasticsearch for the tests, so that they start without waiting for the network."""

from __future__ import annotations

import os
import sys

from tests.elastic import distribution


def main() -> int:
    """Fetch it unless it is there, and say where it is."""
    if why := distribution.missing(os.environ):
        print(f"error: {why}", file=sys.stderr)
        return 2
    try:
        print(distribution.fetch(os.environ))
    except distribution.ElasticError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())

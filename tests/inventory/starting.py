"""The day on which the tests' first sites are made."""

from datetime import date

TODAY = date(2026, 11, 25)

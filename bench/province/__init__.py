"""A made-up province of 500 systems and more than a year of its ledger, to measure with."""

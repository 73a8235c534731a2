"""Recovery: incidents, clocks, runbooks, restore plans, readiness."""

"""What happened: append-only records, projections, alerts, objects, leases."""

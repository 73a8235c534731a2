"""Pages and reports: what people look at."""

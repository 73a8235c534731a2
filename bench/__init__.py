"""What is measured: `make bench` runs every module here that has a `main`; the figures go to `results/`."""

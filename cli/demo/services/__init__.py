"""The demo's three small services: real HTTP servers with real databases, files and logs."""

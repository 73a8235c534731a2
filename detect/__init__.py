"""Warnings: rules over logs, and the alerts they raise."""

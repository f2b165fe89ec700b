"""Load on this service: scenarios, thresholds, a baseline and a report. docs/load-tests.md."""

"""Unit tests for rules: log lines and series that are made up, and the alerts that they should give."""

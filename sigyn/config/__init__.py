"""Settings: what can be set, where it comes from, and Loki's configuration file as one such place."""

"""Settings, each with name, default, unit and help; adapters for Loki's YAML."""

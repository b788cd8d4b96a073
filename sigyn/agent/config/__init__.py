"""The sections of an agent's configuration file, and how they are read from YAML."""

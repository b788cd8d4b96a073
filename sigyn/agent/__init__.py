"""The agent: reads logs where they are written, works on them as Promtail does, ships them."""

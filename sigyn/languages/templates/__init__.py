"""Go's text/template, as LogQL and Promtail use it."""

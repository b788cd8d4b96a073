"""Where entries come from: files, sockets, journals, containers."""

"""What operators and orchestrators ask of a server."""

"""OpenTelemetry logs over HTTP and gRPC."""

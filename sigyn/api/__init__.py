"""HTTP, WebSocket and gRPC shells over the services: arguments in, bytes out."""

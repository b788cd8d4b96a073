"""HTTP, WebSocket and gRPC shells: arguments in, bytes out."""

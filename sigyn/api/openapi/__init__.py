"""The HTTP API as an OpenAPI document, made from the routes that are served."""

"""What a tenant may do: ingest, query, tail."""

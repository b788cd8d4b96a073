"""Ships batches of entries to clients: encoding, the buffer on disk, retries."""

"""The only code that touches disks, buckets and the catalog."""

"""Text to tree to text; knows no store and no HTTP."""

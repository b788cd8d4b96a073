"""Rules: read from files and the API, evaluated at their times, with what they record and whom they alert."""

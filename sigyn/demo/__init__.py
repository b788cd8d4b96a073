"""Four services that never stop logging, for `sigyn serve --demo`."""

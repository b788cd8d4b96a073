"""Storage classes whose objects have to be restored before they can be read."""

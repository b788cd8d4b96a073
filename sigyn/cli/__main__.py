"""`python -m sigyn.cli`: the command line where the script is not on the path."""

from sigyn.cli.app import main

main()

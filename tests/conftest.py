"""Settings of all tests."""

import os

from hypothesis import settings

# The same examples at every run: a test that fails has to fail again. The long form looks for new ones.
settings.register_profile("sigyn", derandomize=not os.environ.get("SIGYN_LONG"))
settings.load_profile("sigyn")

"""What every test gets: profiles of hypothesis, and nothing left behind."""

import os

from hypothesis import settings

from tests.support.leaks import no_leaks

__all__ = ["no_leaks"]

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=500, deadline=None, derandomize=True)
settings.register_profile("night", max_examples=20_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

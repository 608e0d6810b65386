"""Property tests are judged by what they find; how busy the machine is says nothing about the code."""

import os

from hypothesis import HealthCheck, settings

# CI tries the same examples each time: a change is judged by what it changed, not by luck. All other runs explore.
settings.register_profile(
    "unhurried",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")

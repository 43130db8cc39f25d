"""A token bucket: bursts pass, storms are paced."""

import asyncio


class Bucket:
    """Lets *burst* through at once, then *per_s* a second."""

    def __init__(self, burst: int, per_s: float) -> None:
        self._burst = float(burst)
        self._per_s = per_s
        self._tokens = float(burst)
        self._filled_at: float | None = None

    async def take(self) -> None:
        """Return once a token was there to take. One task takes, in order."""
        self._fill()
        if self._tokens < 1:
            await asyncio.sleep((1 - self._tokens) / self._per_s)
            self._fill()
        # May end a hair below nothing where the clock woke us early; the next one pays.
        self._tokens -= 1

    def _fill(self) -> None:
        """Add what was gained since the last time."""
        now = asyncio.get_running_loop().time()
        if self._filled_at is not None:
            gained = (now - self._filled_at) * self._per_s
            self._tokens = min(self._burst, self._tokens + gained)
        self._filled_at = now

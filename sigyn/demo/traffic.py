"""What happens in each second of the demonstration: requests, and now and then trouble."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from sigyn.model.time import SECOND

_INCIDENT_EVERY = 47 * 60
_INCIDENT_LASTS = 4 * 60
_REQUESTS_PER_SECOND = 2.2

USERS = tuple(f"user_{number}" for number in range(780, 800))
TENANTS = ("tenant_123", "tenant_207", "tenant_311", "tenant_404")
PATHS = (
    ("GET", "/api/media"),
    ("GET", "/api/media/{id}"),
    ("POST", "/api/media/{id}/progress"),
    ("GET", "/api/search"),
    ("POST", "/api/compile"),
    ("POST", "/api/login"),
    ("GET", "/health"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that all four services may have a part in. `at` in ns, `milliseconds` what it took."""

    at: int
    number: str
    trace: str
    method: str
    path: str
    status: int
    milliseconds: float
    user: str
    tenant: str
    incident: bool

    def later(self, share: float) -> int:
        """The moment when this share of the request is over, in ns."""
        return self.at + int(self.milliseconds * share * 1_000_000)


def incident_at(second: int) -> bool:
    """Whether the database refuses connections at this second since the epoch."""
    return second % _INCIDENT_EVERY < _INCIDENT_LASTS


def requests_of(second: int, dice: random.Random) -> Iterator[Request]:
    """The requests that begin in a second since the epoch."""
    wave = 1 + 0.45 * math.sin(second / 1900) + 0.2 * math.sin(second / 137)
    for _ in range(_poisson(_REQUESTS_PER_SECOND * wave, dice)):
        incident = incident_at(second)
        method, path = dice.choices(PATHS, (30, 24, 12, 14, 8, 6, 10))[0]
        fails = dice.random() < (0.35 if incident else 0.012)
        status = dice.choices((500, 503, 504), (5, 4, 2))[0] if fails else _good_status(method, path, dice)
        typical = {"/health": 1.5, "/api/search": 90, "/api/compile": 240}.get(path, 28)
        yield Request(
            at=second * SECOND + dice.randrange(SECOND),
            number=f"{dice.getrandbits(40):010x}",
            trace=f"{dice.getrandbits(128):032x}",
            method=method,
            path=path.replace("{id}", str(dice.randrange(1000, 1400))),
            status=status,
            milliseconds=round(dice.lognormvariate(math.log(typical), 0.55) * (6 if incident else 1), 2),
            user=dice.choice(USERS),
            tenant=dice.choices(TENANTS, (8, 4, 2, 1))[0],
            incident=incident,
        )


def _good_status(method: str, path: str, dice: random.Random) -> int:
    if path == "/api/login":
        return dice.choices((200, 401), (5, 1))[0]
    if path == "/health":
        return 200
    return dice.choices((200 if method == "GET" else 201, 404, 429), (60, 2, 1))[0]


def _poisson(mean: float, dice: random.Random) -> int:
    limit, product, count = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        count += 1
    return count

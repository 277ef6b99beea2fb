from __future__ import annotations

from edge.outputs.kiosk.limits import Rate, RateLimit


def test_a_burst_passes_and_then_so_many_a_second():
    now = [0.0]
    limit = RateLimit(Rate(burst=3, per_second=2), clock=lambda: now[0])
    assert [limit.allows("a") for _ in range(4)] == [True, True, True, False]
    now[0] += 1.0
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]
    assert limit.allows("b"), "another address has its own share"


def test_addresses_that_are_remembered_are_bounded():
    limit = RateLimit(Rate(burst=1, per_second=1), clock=lambda: 0.0)
    for number in range(1000):
        limit.allows(str(number))
    assert len(limit._buckets) == 256
    assert not limit.allows("999"), "the newest ones are kept"

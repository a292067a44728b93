"""One trial at a time computes a node."""

from trainables.leases import EXPIRY_SECONDS, LeaseTable


def test_a_lease_has_one_holder():
    table = LeaseTable()
    assert table.acquire("key", "a", now=0)
    assert not table.acquire("key", "b", now=1)
    assert table.acquire("key", "a", now=1)


def test_a_released_lease_is_free_and_only_its_holder_releases_it():
    table = LeaseTable()
    table.acquire("key", "a", now=0)
    table.release("key", "b")
    assert not table.acquire("key", "b", now=1)
    table.release("key", "a")
    assert table.acquire("key", "b", now=1)


def test_a_lease_that_is_not_renewed_expires():
    table = LeaseTable()
    table.acquire("key", "a", now=0)
    assert not table.acquire("key", "b", now=EXPIRY_SECONDS - 1)
    assert table.acquire("key", "b", now=EXPIRY_SECONDS)


def test_a_renewed_lease_lives_on():
    table = LeaseTable()
    table.acquire("key", "a", now=0)
    table.renew("a", now=EXPIRY_SECONDS - 1)
    assert not table.acquire("key", "b", now=EXPIRY_SECONDS + 1)

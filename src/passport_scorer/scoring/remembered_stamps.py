"""Stamps whose documents needn't be read from the database again.

A row of the stamp store that has not changed since it was read says the same: what was read
is remembered by the row's id and version. Bounded; the address that was scored longest ago is
forgotten first.
"""

from collections import OrderedDict
from collections.abc import Mapping

from passport_scorer.domain.credential import Credential

RowVersion = tuple[int, str]
# What verification made of the row's document: None if it was refused.
Stamps = Mapping[RowVersion, Credential | None]

_NONE: Stamps = {}


class RememberedStamps:
    """Row version -> credential, by address.

    Args:
        capacity: how many stamps at most, over all addresses.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._by_address: OrderedDict[str, Stamps] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def of(self, address: str) -> Stamps:
        """Return what is remembered of an address."""
        if address not in self._by_address:
            return _NONE
        self._by_address.move_to_end(address)
        return self._by_address[address]

    def remember(self, address: str, stamps: Stamps) -> None:
        """Replace what is remembered of an address by these, all of its stamps."""
        self._size += len(stamps) - len(self._by_address.pop(address, _NONE))
        if stamps:
            self._by_address[address] = stamps
        while self._size > self._capacity:
            _, forgotten = self._by_address.popitem(last=False)
            self._size -= len(forgotten)

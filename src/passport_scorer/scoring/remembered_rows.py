"""Rows whose contents needn't be read from the database again.

A row that has not changed since it was read says the same: what was read is remembered by the
row's id and version. Bounded; the owner that was asked for longest ago is forgotten first.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

Owner = TypeVar("Owner", bound=Hashable)
Value = TypeVar("Value")

RowVersion = tuple[int, str]


class RememberedRows(Generic[Owner, Value]):
    """Row version -> what it says, by owner.

    Args:
        capacity: how many rows at most, over all owners.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._by_owner: OrderedDict[Owner, Mapping[RowVersion, Value]] = OrderedDict()
        self._size = 0
        self._none: Mapping[RowVersion, Value] = {}

    def __len__(self) -> int:
        return self._size

    def of(self, owner: Owner) -> Mapping[RowVersion, Value]:
        """Return what is remembered of an owner."""
        if owner not in self._by_owner:
            return self._none
        self._by_owner.move_to_end(owner)
        return self._by_owner[owner]

    def remember(self, owner: Owner, rows: Mapping[RowVersion, Value]) -> None:
        """Replace what is remembered of an owner by these, all of its rows."""
        self._size += len(rows) - len(self._by_owner.pop(owner, self._none))
        if rows:
            self._by_owner[owner] = rows
        while self._size > self._capacity:
            _, forgotten = self._by_owner.popitem(last=False)
            self._size -= len(forgotten)

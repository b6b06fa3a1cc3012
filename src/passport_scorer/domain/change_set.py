"""The rows to change besides the score: links and registered stamps that differ from the database.

Source: docs/rules/scoring.md, "Persistence".
"""

from collections.abc import Sequence

import msgspec

from passport_scorer.domain.deduplication import Deduplication, LinkChange
from passport_scorer.domain.stamps import StoredStamp


class ChangeSet(msgspec.Struct, frozen=True):
    """The exact changes to write.

    Attributes:
        links: links to create or change.
        stamps_to_register: kept stamps that are not registered for the passport yet.
        stamps_to_unregister: `registry_stamp` ids that do not hold a kept stamp.
    """

    links: tuple[LinkChange, ...]
    stamps_to_register: tuple[StoredStamp, ...]
    stamps_to_unregister: tuple[int, ...]

    @property
    def is_empty(self) -> bool:
        """True if the database already agrees."""
        return not (self.links or self.stamps_to_register or self.stamps_to_unregister)


def change_set(deduplication: Deduplication, registered: Sequence[int]) -> ChangeSet:
    """Compare the result of deduplication with the database.

    Args:
        deduplication: the stamps that count, and the links to write.
        registered: ids of all the `registry_stamp` rows of the passport.
    """
    sources = [stamp.source for stamp in deduplication.kept]
    kept = {source.registered_id for source in sources}
    return ChangeSet(
        links=deduplication.changes,
        stamps_to_register=tuple(each for each in sources if each.registered_id is None),
        stamps_to_unregister=tuple(id_ for id_ in registered if id_ not in kept),
    )

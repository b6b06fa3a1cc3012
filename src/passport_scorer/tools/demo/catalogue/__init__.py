"""The stamp catalogue of the demo: `stampMetadata.json`."""

from importlib import resources
from pathlib import Path


def catalogue_url() -> str:
    """Return where it is, a `file:` URL of this installation, for `CatalogueSource`."""
    return Path(str(resources.files(__name__))).as_uri()

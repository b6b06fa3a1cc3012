"""The stamp catalogue of the demo: `stampMetadata.json`."""

from importlib import resources
from pathlib import Path


def catalogue_url() -> str:
    """Return its `file:` URL in this installation, for `CatalogueSource`."""
    return Path(str(resources.files(__name__))).as_uri()

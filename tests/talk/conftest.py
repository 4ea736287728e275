"""The files of each test are in a folder of their own."""

from pathlib import Path

import pytest

from riskhub import file_storage


@pytest.fixture(autouse=True)
def stored(settings, tmp_path) -> Path:
    """Return the folder with the stored contents."""
    settings.STORAGES = {**settings.STORAGES, "files": file_storage.storage("", tmp_path)}
    return tmp_path / "files"

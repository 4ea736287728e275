"""What a file is, by its content, and whether its name agrees. The header of the sender is not asked.

Signatures are those of puremagic. A name without a known extension claims nothing, so it never disagrees.
"""

import zipfile
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

import puremagic

from kit.texts import one_line

MAX_NAME = 200
_HEAD = 8192
_PRINTED_CONTROLS = frozenset(b"\t\n\v\f\r\b\x1a\x1b")


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of files. label: as in "it is a PNG image". extensions: of its names, the usual one first."""

    media_type: str
    label: str
    extensions: tuple[str, ...] = ()


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_OPEN = "application/vnd.oasis.opendocument"
PNG = FileType("image/png", "a PNG image", ("png",))
JPEG = FileType("image/jpeg", "a JPEG image", ("jpg", "jpeg", "jpe", "jfif"))
GIF = FileType("image/gif", "a GIF image", ("gif",))
WEBP = FileType("image/webp", "a WebP image", ("webp",))
PDF = FileType("application/pdf", "a PDF document", ("pdf",))
ZIP = FileType("application/zip", "a ZIP archive", ("zip",))
OLE = FileType("application/x-ole-storage", "an Office document of before 2007", ("doc", "xls", "ppt", "msg"))
_TEXTS = (
    "txt md csv tsv json jsonl log yaml yml toml ini xml html htm svg py r sql js css sh ipynb ics eml rst"
    " tex diff patch"
)
TEXT = FileType("text/plain", "text", tuple(_TEXTS.split(" ")))
UNKNOWN = FileType("application/octet-stream", "a binary file")
# What the members of a ZIP archive show: the beginning of a member's name, or the content of "mimetype".
_OF_ZIP = {
    "word/": FileType(_WORD, "a Word document", ("docx", "docm", "dotx")),
    "xl/": FileType(_SHEET, "an Excel workbook", ("xlsx", "xlsm", "xltx", "xlsb")),
    "ppt/": FileType(_SLIDES, "a PowerPoint presentation", ("pptx", "pptm", "potx", "ppsx")),
    f"{_OPEN}.text": FileType(f"{_OPEN}.text", "an OpenDocument text", ("odt",)),
    f"{_OPEN}.spreadsheet": FileType(f"{_OPEN}.spreadsheet", "an OpenDocument spreadsheet", ("ods",)),
    f"{_OPEN}.presentation": FileType(f"{_OPEN}.presentation", "an OpenDocument presentation", ("odp",)),
    "application/epub+zip": FileType("application/epub+zip", "an e-book", ("epub",)),
}
_BY_SIGNATURE = (
    PNG, JPEG, GIF, WEBP, PDF, ZIP, OLE,
    FileType("image/bmp", "a BMP image", ("bmp", "dib")),
    FileType("image/tiff", "a TIFF image", ("tif", "tiff")),
    FileType("application/gzip", "a gzip archive", ("gz", "tgz")),
    FileType("application/x-bzip2", "a bzip2 archive", ("bz2", "tbz2")),
    FileType("application/x-xz", "an xz archive", ("xz",)),
    FileType("application/x-7z-compressed", "a 7z archive", ("7z",)),
    FileType("application/vnd.rar", "a RAR archive", ("rar",)),
    FileType("video/mp4", "an MP4 file", ("mp4", "m4v", "m4a")),
    FileType("application/x-executable", "a program", ("exe", "dll", "scr")),
)  # fmt: skip
_SIGNED = {extension: kind for kind in _BY_SIGNATURE for extension in kind.extensions}
_CLAIMED = {
    extension: kind for kind in (*_BY_SIGNATURE, *_OF_ZIP.values(), TEXT) for extension in kind.extensions
}
# puremagic gives every archive of the ZIP format these extensions.
_SIGNED |= {"docx": ZIP, "xlsx": ZIP, "pptx": ZIP}
IMAGES = frozenset(kind.media_type for kind in (PNG, JPEG, GIF, WEBP))
# Types whose signature is printable text, so that a file of printable text may be one of them.
_PRINTABLE = (PDF, GIF)


def clean_name(name: str) -> str:
    """Return the last part of a file's path as one line of at most MAX_NAME characters, never empty.

    A cut name keeps its extension.
    """
    last = one_line(name).replace("\\", "/").rpartition("/")[2].strip(". ")
    if not last or last == "\x00":
        return "file"
    suffix = PurePosixPath(last).suffix[:20]
    return last if len(last) <= MAX_NAME else last[: MAX_NAME - len(suffix)].rstrip() + suffix


def type_of(content: IO[bytes]) -> FileType:
    """Return the type of a seekable file. It is at its beginning again afterwards."""
    content.seek(0)
    head = content.read(_HEAD)
    found = _signed(content)
    if _is_text(head) and found not in _PRINTABLE:
        found = TEXT
    elif found is ZIP:
        found = _of_zip(content)
    content.seek(0)
    return found or UNKNOWN


def claimed_by(name: str) -> FileType | None:
    """Return the type that the extension of a name claims, None if it claims none."""
    return _CLAIMED.get(PurePosixPath(name).suffix[1:].lower())


def agree(name: str, found: FileType) -> bool:
    """Return whether the extension of a name fits the type of the content.

    An Office document with a password has the container of older Office documents.
    """
    claimed = claimed_by(name)
    is_locked = found is OLE and claimed in tuple(_OF_ZIP.values())[:3]
    return claimed is None or claimed == found or is_locked


def _signed(content: IO[bytes]) -> FileType | None:
    """Return the type of a file's signature, None without a known one."""
    content.seek(0)
    try:
        matches = puremagic.magic_stream(content)
    except (puremagic.PureError, ValueError):
        return None
    extensions = (match.extension.lstrip(".").lower() for match in matches)
    return next((_SIGNED[extension] for extension in extensions if extension in _SIGNED), None)


def _is_text(head: bytes) -> bool:
    """Return whether the beginning of a file is printable text in UTF-8, UTF-16 or an 8-bit encoding."""
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        try:
            return "\x00" not in getincrementaldecoder("utf-16")().decode(head)
        except UnicodeDecodeError:
            return False
    return all(byte >= 0x20 or byte in _PRINTED_CONTROLS for byte in head)


def _of_zip(content: IO[bytes]) -> FileType:
    """Return the type of an archive by the names of its members."""
    try:
        with zipfile.ZipFile(content) as archive:
            names = archive.namelist()
            if names[:1] == ["mimetype"] and archive.getinfo("mimetype").file_size < 100:
                return _OF_ZIP.get(archive.read("mimetype").decode("ascii", "replace").strip(), ZIP)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return ZIP
    if "[Content_Types].xml" not in names:
        return ZIP
    return next((kind for part, kind in _OF_ZIP.items() if any(name.startswith(part) for name in names)), ZIP)

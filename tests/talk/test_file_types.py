"""The type of a file by its content, and names that do not fit it."""

import io
import zipfile

import pytest

from talk.file_types import MAX_NAME, agree, clean_name, type_of
from tests.factories.talk import PNG


def archive(*members: tuple[str, str]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as found:
        for name, text in members:
            found.writestr(name, text)
    return body.getvalue()


WORD = archive(("[Content_Types].xml", "<x/>"), ("word/document.xml", "<x/>"))
SHEET = archive(("[Content_Types].xml", "<x/>"), ("xl/workbook.xml", "<x/>"))
ODS = archive(("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", "x"))
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("data", "media_type", "fitting", "wrong"),
    [
        (PNG, "image/png", "a.PNG", "a.jpg"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1" + bytes(50), "image/jpeg", "a.jpeg", "a.png"),
        (b"GIF89a\1\0\1\0\x80\0\0" + bytes(20), "image/gif", "a.gif", "a.txt"),
        (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(30), "image/webp", "a.webp", "a.png"),
        (b"%PDF-1.7\n1 0 obj\n", "application/pdf", "a.pdf", "a.docx"),
        (archive(("a.txt", "x")), "application/zip", "a.zip", "a.xlsx"),
        (WORD, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "a.docx", "a.xlsx"),
        (SHEET, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "a.xlsx", "a.zip"),
        (ODS, "application/vnd.oasis.opendocument.spreadsheet", "a.ods", "a.xlsx"),
        (OLE, "application/x-ole-storage", "a.xls", "a.pdf"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\1" * 20, "application/gzip", "a.tgz", "a.zip"),
        (b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + bytes(100), "application/x-executable", "a.exe", "a.pdf"),
        (b"a,b\n1,2\n", "text/plain", "a.csv", "a.xlsx"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "text/plain", "a.html", "a.png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain", "a.svg", "a.webp"),
        ("Überraschung".encode(), "text/plain", "a.txt", "a.pdf"),
        ("Überraschung".encode("latin-1"), "text/plain", "a.log", "a.zip"),
        ("Überraschung".encode("utf-16"), "text/plain", "a.csv", "a.gif"),
        (b"BMI of people, MZ", "text/plain", "a.md", "a.exe"),
        (b"PAR1" + bytes(20) + b"PAR1", "application/octet-stream", "a.parquet", "a.txt"),
        (bytes(100), "application/octet-stream", "noextension", "a.json"),
    ],
)
def test_the_content_says_what_a_file_is(data, media_type, fitting, wrong):
    found = type_of(io.BytesIO(data))

    assert found.media_type == media_type
    assert agree(fitting, found)
    assert agree("model", found)
    assert not agree(wrong, found)


def test_an_office_document_with_a_password_fits_its_name():
    assert agree("secret.xlsx", type_of(io.BytesIO(OLE)))


def test_a_broken_archive_is_an_archive():
    found = type_of(io.BytesIO(WORD[:60]))

    assert found.media_type == "application/zip"
    assert not agree("a.docx", found)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\a.txt", "a.txt"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\nb\x07.txt", "a b.txt"),
        ("...", "file"),
        ("", "file"),
        ("\u200b", "file"),
        (".env", "env"),
        ("отчёт 2.csv", "отчёт 2.csv"),
    ],
)
def test_a_name_is_one_line_without_a_path(name, clean):
    assert clean_name(name) == clean


def test_a_long_name_keeps_its_extension():
    name = clean_name("x" * 500 + ".csv")

    assert (len(name), name[-5:]) == (MAX_NAME, "x.csv")

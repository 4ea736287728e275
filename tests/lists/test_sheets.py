"""Reading tables as people really have them."""

import io
import zipfile
from datetime import datetime

import pytest
import xlsxwriter

from lists import sheets

KNOWN = {"title", "owner", "category"}


def read(raw):
    return sheets.read(io.BytesIO(raw), score=lambda texts: sum(text.lower() in KNOWN for text in texts))


def workbook(fill, **options):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, options) as book:
        fill(book)
    return file.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_in_any_usual_encoding_and_delimiter(delimiter, encoding):
    lines = [["Title", "Owner"], ["Größe der Merkmale ändert sich, täglich", "Zoë"], ['Say "no"', "José"]]
    text = "\r\n".join(
        delimiter.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in one) for one in lines
    )

    sheet = read(text.encode(encoding))

    assert sheet.header == ["Title", "Owner"]
    assert sheet.rows == [(2, lines[1]), (3, lines[2])]
    assert bool(sheet.notes) == (encoding == "cp1252")


def test_a_line_break_in_a_cell_counts_as_a_line_of_the_file():
    sheet = read(b'Title,Owner\n"two\nlines",Ana\nnext,Ben\n')

    assert [line for line, _ in sheet.rows] == [2, 4]


def test_a_workbook_with_a_title_above_its_header_dates_numbers_and_a_formula():
    def fill(book):
        sheet = book.add_worksheet("Register")
        sheet.merge_range("A1:C1", "Risk register 2026", None)
        sheet.write_row("A3", ["Title", "Owner", "Due"])
        sheet.write_row("A4", ["Drift", "Ana"])
        sheet.write_datetime("C4", datetime(2026, 12, 31), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_formula("A5", '="Late "&"labels"', None, "Late labels")
        sheet.write_number("B5", 4)
        book.add_worksheet("Other").write("A1", "x")

    sheet = read(workbook(fill))

    assert sheet.header == ["Title", "Owner", "Due"]
    assert sheet.rows[0][0] == 4
    assert [str(cell)[:10] for cell in sheet.rows[0][1]] == ["Drift", "Ana", "2026-12-31"]
    assert sheet.rows[1][1][:2] == ["Late labels", 4.0]
    assert any("“Register”" in note for note in sheet.notes)
    assert any("header is in line 3" in note for note in sheet.notes)


def test_each_row_of_a_merged_range_gets_its_value():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_row("A1", ["Title", "Category"])
        sheet.write_column("A2", ["one", "two", "three"])
        sheet.merge_range("B2:B3", "Data drift", None)

    sheet = read(workbook(fill))

    assert [cells[1] for _, cells in sheet.rows] == ["Data drift", "Data drift", ""]
    assert any("Merged cells" in note for note in sheet.notes)


def test_errors_and_formulas_without_a_value_are_not_empty():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_row("A1", ["Title", "Owner", "Category"])
        sheet.write_formula("A2", "=1/0", None, "#DIV/0!")
        sheet.write_formula("B2", "=TODAY()", None, "")
        sheet.write_formula("C2", '="Data"&" drift"', None, "Data drift")

    assert read(workbook(fill)).rows == [(2, ["#DIV/0!", "#FORMULA", "Data drift"])]


def test_a_visible_sheet_is_read_before_a_hidden_one():
    def fill(book):
        hidden, shown = book.add_worksheet("Lists"), book.add_worksheet("Risks")
        hidden.write_column("A1", ["Title", "hidden"])
        shown.write_column("A1", ["Title", "shown"])
        shown.activate()
        shown.set_first_sheet()
        hidden.hide()

    assert read(workbook(fill)).rows == [(2, ["shown"])]


def test_western_letters_are_not_read_as_central_european_ones():
    text = "Title,Owner\nÀ côté du coût élevé; élève œuvre,Zoë\n"

    assert read(text.encode("cp1252")).rows[0][1] == ["À côté du coût élevé; élève œuvre", "Zoë"]


def test_what_is_left_out_is_noted_and_equal_headers_are_told_apart():
    sheet = read(b"Title,Owner,Owner\na,b,c,beyond\n")

    assert sheet.header == ["Title", "Owner", "Owner (C)"]
    assert "Cells beyond the header are left out, first in line 2." in sheet.notes


def test_a_gap_of_many_empty_lines_loses_no_row():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_column("A1", ["Title", "first"])
        sheet.write("A9000", "last")

    assert [line for line, _ in read(workbook(fill)).rows] == [2, 9000]


def test_three_hundred_columns_are_read_and_six_hundred_refused():
    wide = ",".join(["Title", *(f"c{n}" for n in range(299))])
    assert len(read(f"{wide}\nx,1\n".encode()).header) == 300

    wider = ",".join(["Title", *(f"c{n}" for n in range(599))])
    with pytest.raises(sheets.Unreadable, match="600 columns"):
        read(f"{wider}\nx,1\n".encode())


def bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", b"0" * (sheets.MAX_UNZIPPED + 1))
    return file.getvalue()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "empty"),
        (b"\n\n", "no rows"),
        (b"Title,Owner\n", "no further rows"),
        (b"%PDF-1.7 x", "not a table"),
        (b"\x89PNG\r\n", "not a table"),
        (b"Title\x00\nx", "NUL"),
        (b"PK\x03\x04 not a zip", "cannot be opened"),
        (b"\xd0\xcf\x11\xe0 with a password", "cannot be opened"),
        (b"Title\n" + b"x\n" * (sheets.MAX_ROWS + 1), "more than 5000 rows"),
        (b"x" * (sheets.MAX_BYTES + 1), "25 MB"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_fix(raw, message):
    with pytest.raises(sheets.Unreadable, match=message) as refused:
        read(raw)

    assert refused.value.field == "file"


def test_a_workbook_that_unzips_to_too_much_is_refused_before_it_is_unzipped():
    with pytest.raises(sheets.Unreadable, match="too large when it is unzipped"):
        read(bomb())


@pytest.mark.parametrize(("number", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_without_a_name_are_called_as_spreadsheets_do(number, name):
    assert sheets.letters(number) == name

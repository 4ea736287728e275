"""The lines of the record bar: owner, date and reason."""

from datetime import date

import pytest

from kit.refusals import Refused
from meetings import record_line
from meetings.record_line import LineKind, RecordLine, read

WEDNESDAY = date(2026, 11, 25)


def action(line: str, today: date = WEDNESDAY) -> RecordLine:
    return read(line, LineKind.ACTION, today=today)


@pytest.mark.parametrize(
    ("phrase", "day"),
    [
        ("fri", date(2026, 11, 27)),
        ("by Friday", date(2026, 11, 27)),
        ("due mon", date(2026, 11, 30)),
        ("next mon", date(2026, 11, 30)),
        ("next wed", date(2026, 12, 2)),
        ("today", WEDNESDAY),
        ("tomorrow", date(2026, 11, 26)),
        ("in 2 weeks", date(2026, 12, 9)),
        ("in a month", date(2026, 12, 25)),
        ("in ten days", date(2026, 12, 5)),
        ("5 dec", date(2026, 12, 5)),
        ("by 5 Dec.", date(2026, 12, 5)),
        ("sat 5 dec", date(2026, 12, 5)),
        ("5th of december", date(2026, 12, 5)),
        ("dec 5, 2027", date(2027, 12, 5)),
        ("5 jan", date(2027, 1, 5)),
        ("2026-12-05", date(2026, 12, 5)),
        ("25/12", date(2026, 12, 25)),
        ("1.12.2026", date(2026, 12, 1)),
        ("end of month", date(2026, 11, 30)),
        ("(fri)", date(2026, 11, 27)),
    ],
)
def test_a_date_at_the_end_is_understood(phrase, day):
    assert action(f"Cap the feature {phrase}") == RecordLine("Cap the feature", "", day)
    assert action(f"Cap the feature @wei-lin {phrase}") == RecordLine("Cap the feature", "wei-lin", day)
    assert action(f"Cap the feature {phrase} @Wei-Lin") == RecordLine("Cap the feature", "wei-lin", day)


@pytest.mark.parametrize(
    ("phrase", "named"),
    [
        ("next fri", "Fri 27 Nov or Fri 4 Dec"),
        ("wed", "is today"),
        ("5/12", "two days"),
        ("31 feb", "no 31 February"),
        ("2026-13-05", "no 5 month 13"),
        ("fri 5 dec", "is a Saturday"),
        ("20 nov", "is past"),
        ("2026-11-24", "is past"),
        ("24.11.2026", "is past"),
        ("31.2.2027", "no 31 February"),
        ("yesterday", "is past"),
        ("in 9999 weeks", "too far ahead"),
        ("next week", "names no day"),
        ("asap", "names no day"),
    ],
)
def test_a_date_that_may_be_two_days_or_none_is_refused(phrase, named):
    with pytest.raises(Refused) as refusal:
        action(f"Cap the feature {phrase}")

    assert refusal.value.field == "line"
    assert named in refusal.value.message


def test_a_number_before_may_in_small_letters_is_a_date_or_a_verb_so_it_is_refused():
    with pytest.raises(Refused, match=r"“5 may” may be a date or not\. Write “by 5 may”") as refusal:
        action("Ask about 5 may")

    assert refusal.value.field == "line"


@pytest.mark.parametrize("phrase", ["5 May", "by 5 may", "5th may", "wed 5 may", "5 may 2027", "5 of may"])
def test_what_says_that_may_is_a_month_makes_a_date(phrase):
    assert action(f"Cap the feature {phrase}") == RecordLine("Cap the feature", "", date(2027, 5, 5))


def test_after_its_owner_and_alone_may_is_a_month_and_a_full_stop_makes_it_a_verb():
    in_may, line = date(2027, 5, 5), "Cap the feature @wei 5 may"

    assert action(line) == RecordLine("Cap the feature", "wei", in_may)
    assert read(f"{line} because it drifts", LineKind.DECISION, today=WEDNESDAY) == RecordLine(
        "Cap the feature", "wei", in_may, "it drifts"
    )
    assert read("More time !due 5 may", LineKind.DECISION, today=WEDNESDAY).effects.due_on == in_may
    assert action("Ask about 5 may.") == RecordLine("Ask about 5 may.")


@pytest.mark.parametrize(
    "text",
    [
        "Cap it at 0.31",
        "Cap it at 1/2.",
        "Ask about what may happen",
        "Check version 2",
        "Serve it by sun power",
        "Mail ana@example.org",
        "Look into the march data",
    ],
)
def test_other_words_stay_in_the_text(text):
    assert action(text) == RecordLine(text)


def test_a_date_on_a_leap_day_and_at_the_end_of_a_year():
    assert action("Do 29 feb", date(2028, 1, 3)).due_on == date(2028, 2, 29)
    assert action("Do in 1 month", date(2026, 1, 31)).due_on == date(2026, 2, 28)
    assert action("Do tomorrow", date(2026, 12, 31)).due_on == date(2027, 1, 1)
    assert action("Do next mon", date(2026, 12, 31)).due_on == date(2027, 1, 4)


def test_a_handle_within_a_sentence_stays_in_it():
    assert action("Ask @wei to cap it fri") == RecordLine("Ask @wei to cap it", "wei", date(2026, 11, 27))
    assert action("@wei caps it") == RecordLine("caps it", "wei")
    with pytest.raises(Refused):
        action("@wei and @ana cap it")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Cap it because it drifts", RecordLine("Cap it", reason="it drifts")),
        ("Cap it @wei fri because it drifts", RecordLine("Cap it", "wei", date(2026, 11, 27), "it drifts")),
        ("Cap it because it drifts @wei fri", RecordLine("Cap it", "wei", date(2026, 11, 27), "it drifts")),
        ("Review by hand until 5 dec", RecordLine("Review by hand until 5 dec")),
    ],
)
def test_a_decision_has_its_reason_and_a_date_only_with_an_owner(line, found):
    assert read(line, LineKind.DECISION, today=WEDNESDAY) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Counts are missing 4x5", RecordLine("Counts are missing", score=(4, 5))),
        ("Counts are missing, 4 x 5 @wei", RecordLine("Counts are missing", "wei", score=(4, 5))),
        ("Counts are missing @wei 4X5", RecordLine("Counts are missing", "wei", score=(4, 5))),
        ("Nobody answers 24x7", RecordLine("Nobody answers 24x7")),
        ("The 4x5 matrix is unknown by fri", RecordLine("The 4x5 matrix is unknown by fri")),
    ],
)
def test_a_risk_has_its_likelihood_and_impact_at_its_end(line, found):
    assert read(line, LineKind.RISK, today=WEDNESDAY) == found


@pytest.mark.parametrize("score", ["0x3", "3x6"])
def test_a_score_beyond_the_matrix_is_refused(score):
    with pytest.raises(Refused, match="1 to 5") as refusal:
        read(f"Counts are missing {score}", LineKind.RISK, today=WEDNESDAY)
    assert refusal.value.field == "line"


def test_what_is_parked_is_kept_as_written_and_an_empty_line_is_refused():
    assert read("Ask @wei fri", LineKind.PARK, today=WEDNESDAY) == RecordLine("Ask @wei fri")
    for kind in LineKind:
        with pytest.raises(Refused):
            read("  ", kind, today=WEDNESDAY)
    with pytest.raises(Refused):
        action("in 2 weeks")


def test_every_effect_is_explained_to_who_asks_for_the_keys():
    told = {word.strip("!") for _, example in record_line.WORDS for word in example.split() if word[0] == "!"}

    assert told == set(record_line._EFFECTS)

"""Lessons about models in use: delays, thresholds, alarms and charts."""

from learnings.lessons.shape import Lesson, LessonChart, LessonQuestion

LATENCY = Lesson(
    slug="latency",
    title="Latency: late data and late answers",
    minutes=3,
    text=(
        "Two delays matter, and they are often confused.\n\n"
        "**Latency of the answer**: how long a request waits. People leave, payments time out, a"
        " fallback rule"
        " decides instead of the model. The average hides it: if one request of a hundred takes ten"
        " seconds, the"
        " average is fine and thousands of people a day are not. So read the **95th or 99th"
        " percentile**: the time"
        " within which 95 or 99 of 100 requests are answered.\n\n"
        "**Latency of the data**: how old the values are on which the answer is based. A score that uses"
        " yesterday's balance answers in a millisecond, and is a day late. If a load is delayed, the"
        " model goes on"
        " with old values and nobody notices.\n\n"
        "Both deserve a threshold of their own. For each, agree what happens when it is crossed: wait,"
        " refuse, or"
        " decide by a simpler rule. That decision should not be made in the night."
    ),
    chart=LessonChart(
        title="Time to answer",
        unit="ms",
        lines={
            "Average": (42, 43, 41, 44, 42, 45, 44, 47, 46, 48, 47, 49),
            "99th percentile": (180, 190, 175, 210, 260, 340, 420, 610, 750, 880, 940, 990),
        },
        limit=500,
        caption="The average hardly moves. One request of a hundred already waits nearly a second.",
    ),
    questions=(
        LessonQuestion(
            "The average time to answer is fine, and users complain. What do you read?",
            ("The maximum of the year", "The 99th percentile", "The average of another week"),
            1,
            "A percentile shows what the slowest requests experience, without one freak case deciding it.",
        ),
        LessonQuestion(
            "The model answers within 5 ms from values that are two days old. Is it late?",
            ("Yes, its data is", "No, 5 ms is quick"),
            0,
            "The latency of the data counts, too.",
        ),
    ),
)

THRESHOLDS = Lesson(
    slug="thresholds",
    title="Thresholds: where to draw the line",
    minutes=4,
    text=(
        "A threshold decides when people are called. Too low, and they are called for nothing and stop"
        " coming. Too"
        " high, and they come too late.\n\n"
        "There is no right value in a book. There is a trade: **missed cases** against **false"
        " alarms**. What does"
        " each cost? For a brake you accept many false alarms, for a nightly report few.\n\n"
        "So draw the line on the past before you draw it for the future: how often would it have called"
        " during the"
        " last months, and how many of those calls were right? Riskhub shows this before a threshold is"
        " agreed"
        " (*back-test*).\n\n"
        "Two details prevent nervous alarms. **Two levels**: a warning for *look this week*, a critical"
        " one for"
        " *look now*. And a distance between opening and clearing (**hysteresis**): it opens above 0.25"
        " and clears"
        " below 0.20, so a value around 0.25 does not ring every hour. Sometimes *three of the last"
        " five* is"
        " better than a single value."
    ),
    chart=LessonChart(
        title="A metric around its threshold",
        lines={"PSI": (0.22, 0.26, 0.24, 0.26, 0.24, 0.27, 0.23, 0.26, 0.24, 0.25, 0.26, 0.24)},
        limit=0.25,
        caption="One line would ring five times here. With clearing at 0.20 it is one alarm.",
    ),
    questions=(
        LessonQuestion(
            "A threshold called nine times last month, eight times for nothing. What now?",
            ("Mute it", "Propose another value and back-test it", "Ignore it"),
            1,
            "A muted threshold also misses the ninth case. A back-test shows what another value would"
            " have done.",
        ),
        LessonQuestion(
            "What does hysteresis do?",
            (
                "It makes alarms louder",
                "It keeps one alarm open until the value is clearly better",
                "It averages",
            ),
            1,
            "Opening and clearing have different limits, so that a value between them changes nothing.",
        ),
    ),
)

BASE_RATES = Lesson(
    slug="base-rates",
    title="Base rates: why a good test is often wrong",
    minutes=4,
    text=(
        "A fraud model finds 99 of 100 frauds, and calls only 1 of 100 honest payments fraud. It calls."
        " How likely"
        " is it fraud?\n\n"
        "Count instead of guessing. Of 100,000 payments, 100 are fraud. The model finds 99 of them. Of"
        " the 99,900"
        " honest payments it calls 1 %, that is 999. So 1,098 calls, of which 99 are right: **nine per"
        " cent**. The"
        " model is excellent, and 91 of 100 calls are wrong, because fraud is rare.\n\n"
        "How common something is before you look is its **base rate**. The rarer it is, the more of the"
        " alarms are"
        " false. Hence two numbers for every alarm: **recall**, how many of the cases it finds, and"
        " **precision**,"
        " how many of its calls are right. *Accuracy* says little: a model that never calls fraud is"
        " right in"
        " 99.9 % of the payments.\n\n"
        "And when the base rate changes, precision changes, although the model did not."
    ),
    chart=LessonChart(
        title="Share of calls that are right, by how common fraud is",
        unit="%",
        lines={"Precision": (1, 5, 9, 17, 33, 50, 66, 80, 88, 92, 95, 97)},
        caption="The same model from left to right, where fraud is rare, to where it is common.",
    ),
    questions=(
        LessonQuestion(
            "A model for a very rare fault is 99.9 % accurate. Is that good?",
            ("Yes", "It cannot be told: never calling may be as accurate"),
            1,
            "Ask for recall and precision instead.",
        ),
        LessonQuestion(
            "Precision falls from 40 % to 20 %, and the model did not change. What may have happened?",
            ("The fault became rarer", "The computer became slower", "The labels were deleted"),
            0,
            "A lower base rate means more false alarms for each right one.",
        ),
    ),
)

FEEDBACK = Lesson(
    slug="feedback-loops",
    title="Feedback loops: when a model makes its own data",
    minutes=3,
    text=(
        "A model's decisions become tomorrow's data. Who is refused a loan leaves no record of paying"
        " back. Who"
        " is never shown a film never likes it. Where no inspector is sent, no fault is found.\n\n"
        "So the model sees its opinion confirmed, learns from it, and becomes surer. The metrics look"
        " better while"
        " the view becomes narrower: the **feedback loop**.\n\n"
        "Signs: the same few items or districts get ever more of the decisions; the results of new"
        " cases are worse"
        " than those of known ones; retraining brings a jump in self-reported quality and nothing in"
        " the field.\n\n"
        "The remedy is to keep a small, random share of decisions **outside** the model, and to record"
        " which those"
        " are. It costs a little each day. It is the only data that shows what the model would"
        " otherwise never"
        " learn, and the only honest group to compare with."
    ),
    chart=LessonChart(
        title="Share of inspections in the three best-known districts",
        unit="%",
        lines={"Share": (34, 36, 39, 43, 47, 52, 58, 63, 69, 74, 79, 83)},
        caption="Faults are found where inspectors go, and inspectors go where faults were found.",
    ),
    questions=(
        LessonQuestion(
            "What breaks the loop?",
            ("Retraining more often", "A random share of decisions outside the model", "More features"),
            1,
            "Only cases that the model did not choose show what it misses.",
        ),
        LessonQuestion(
            "After each retraining the model finds more faults in the same district. Proof that it is right?",
            ("Yes", "No, it also looks there more often"),
            1,
            "Compare with places that were chosen at random.",
        ),
    ),
)

READING_CHARTS = Lesson(
    slug="reading-a-chart",
    title="Reading a chart: five looks before an opinion",
    minutes=3,
    text=(
        "1. **The axes.** Does the vertical axis begin at zero? From 0.94 to 0.96 a small change looks"
        " like a"
        " cliff. How long is the period, and is a weekend in it?\n"
        "2. **The unit and the number behind it.** A share of 50 % of four cases is two cases. Ask for"
        " the count.\n"
        "3. **The usual.** How much does the line move on a quiet day? Only what is clearly larger is"
        " news.\n"
        "4. **The shape.** A *jump* points to one event: a release, a load, a new partner. A *slope*"
        " points to a"
        " changing world. A *wave* by hour or weekday is the rhythm of people. A *gap* is missing data,"
        " not zero.\n"
        "5. **What else happened.** Read the marks: deployments, thresholds, decisions. That two things"
        " happened"
        " on one day is a reason to ask, not yet a cause.\n\n"
        "Then say it in one sentence with a number and a time: *since Tuesday's load the share of gaps"
        " is 31 %"
        " instead of 2 %*. If you cannot, you have not read it yet."
    ),
    chart=LessonChart(
        title="Requests per hour",
        lines={"Requests": (40, 38, 120, 180, 175, 90, 42, 39, 118, 182, 20, 15)},
        caption="A wave is normal here. The last two values are not: usually they are 180 and 175.",
    ),
    questions=(
        LessonQuestion(
            "A line falls from 96 % to 94 % and nearly leaves the picture. What do you check first?",
            ("Where the axis begins", "Whom to call", "The colour"),
            0,
            "On an axis from 94 to 96 every small change looks dramatic.",
        ),
        LessonQuestion(
            "The line has a gap on Sunday. What does it mean?",
            ("The value was zero", "There was no data"),
            1,
            "Zero is a value. A gap says that nothing was measured or sent.",
        ),
        LessonQuestion(
            "A release and a jump are on the same day. Is the release the cause?",
            ("Yes", "It is the first thing to check"),
            1,
            "Check what the release changed, and whether the jump began after it.",
        ),
    ),
)

ABOUT_USE = (LATENCY, THRESHOLDS, BASE_RATES, FEEDBACK, READING_CHARTS)

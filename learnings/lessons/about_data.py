"""Lessons about the data that a model learns from and reads."""

from learnings.lessons.shape import Lesson, LessonChart, LessonQuestion

DRIFT = Lesson(
    slug="drift",
    title="Drift: when the world moves on and the model stays",
    minutes=4,
    text=(
        "A model learns from the past. It works as long as the present resembles that past. **Drift**"
        " means that it"
        " no longer does: customers behave differently, a new region is added, prices rise.\n\n"
        "Nothing breaks. The model answers every request, in time and in the right format. Its answers"
        " just fit"
        " the world less and less. That is why drift is found by comparing, not by waiting for an"
        " error.\n\n"
        "What is compared is how often each value occurs: in the data the model learned from, and in"
        " the data of"
        " this week. The **population stability index (PSI)** turns the difference into one number."
        " Many teams"
        " read below 0.1 as calm, 0.1 to 0.25 as *look closer*, and above 0.25 as *act*.\n\n"
        "Before anybody retrains, ask one question: did the **world** change, or did the **pipeline**?"
        " A field"
        " that arrives in cents instead of euros looks like drift, too, and retraining on it makes"
        " things worse."
    ),
    chart=LessonChart(
        title="PSI of income, by day",
        lines={"PSI": (0.04, 0.05, 0.04, 0.06, 0.08, 0.11, 0.13, 0.17, 0.19, 0.24, 0.27, 0.29)},
        limit=0.25,
        caption="A slow rise over many days: typical of a changing world. A pipeline fault jumps in one day.",
    ),
    questions=(
        LessonQuestion(
            "The PSI of one feature jumps from 0.05 to 0.6 between two days. What do you check first?",
            (
                "Whether customers changed",
                "What was released or loaded on that day",
                "How to retrain quickly",
            ),
            1,
            "The world rarely changes overnight. A jump in one day usually comes from a load or a release.",
        ),
        LessonQuestion(
            "The model answers all requests without an error. Can it still suffer from drift?",
            ("Yes", "No"),
            0,
            "Drift causes no errors. Only a comparison with the training data or with later results"
            " shows it.",
        ),
    ),
)

LABEL_NOISE = Lesson(
    slug="label-noise",
    title="Label noise: when the answers to learn from are wrong",
    minutes=4,
    text=(
        "A model learns from examples with an answer, the **label**: this payment was fraud, that one"
        " was not."
        " If some answers are wrong, the model learns from wrong teachers.\n\n"
        "Labels go wrong quietly. A fraud case is closed as *not fraud* because nobody had time. A"
        " customer pays"
        " late, and the label was taken before. Two people judge the same case differently.\n\n"
        "A few mistakes spread evenly do little harm. Mistakes with a **pattern** do: if one office"
        " closes cases"
        " without a look, the model learns that this office has no fraud, and stops looking there.\n\n"
        "Noise also hides how good a model is. When one label in ten is wrong, even a perfect model"
        " seems to be"
        " wrong in one case of ten. So before comparing two models that differ by one per cent, let two"
        " people"
        " label the same fifty cases without seeing each other's answer. How often they disagree is the"
        " noise"
        " that you live with."
    ),
    chart=LessonChart(
        title="Agreement of two people on the same 50 cases, by week",
        unit="%",
        lines={"Agreement": (94, 93, 95, 92, 93, 84, 82, 81, 83, 90, 92, 93)},
        caption="In week 6 new staff began without instructions. Check the labels of weeks 6 to 9.",
    ),
    questions=(
        LessonQuestion(
            "Which wrong labels do the most harm?",
            ("A few, spread evenly", "Those of one office or one product", "The oldest ones"),
            1,
            "Mistakes with a pattern teach the pattern to the model.",
        ),
        LessonQuestion(
            "Model B is 1 % better than model A, and 8 % of the labels are wrong. What do you know?",
            ("B is better", "Nothing yet: the noise is larger than the difference", "A is better"),
            1,
            "Measure the noise first, or compare on cases that two people labelled.",
        ),
    ),
)

SAMPLING_BIAS = Lesson(
    slug="sampling-bias",
    title="Sampling bias: who is missing from the data?",
    minutes=4,
    text=(
        "A model only knows the cases it was shown. If some cases never reach the data, it knows"
        " nothing about"
        " them, and says something all the same.\n\n"
        "The classic: a lender learns who pays back from the loans it granted. The applicants it"
        " **refused** are"
        " missing, so nobody knows whether they would have paid. The model is then used on everybody,"
        " also on"
        " people like those.\n\n"
        "Other examples: only customers who answered a survey, only phones with the new app, only"
        " working days,"
        " only the devices that did not fail.\n\n"
        "More data does not help if it is more of the same. Ask instead: *how does a case get into this"
        " table, and"
        " which cases cannot?* Compare the shares of groups in the training data with those in daily"
        " use. Where a"
        " group is rare in training and common in use, check its results separately before you trust the"
        " average."
    ),
    chart=LessonChart(
        title="Share of customers under 25",
        unit="%",
        lines={
            "In daily use": (18, 18, 19, 19, 20, 20, 21, 21, 22, 22, 23, 23),
            "In the training data": (6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6),
        },
        caption="Nearly a quarter of the decisions are about people of whom the model has hardly seen any.",
    ),
    questions=(
        LessonQuestion(
            "The training table grows from one to ten million rows, from the same source. Is the bias"
            " smaller?",
            ("Yes, more data helps", "No, the same cases are still missing"),
            1,
            "What cannot get into the table is missing from a larger table, too.",
        ),
        LessonQuestion(
            "Which question finds the bias?",
            (
                "How accurate is the model?",
                "How does a case get into this table?",
                "How many features are there?",
            ),
            1,
            "The way into the data decides who is missing.",
        ),
    ),
)

MISSING_VALUES = Lesson(
    slug="missing-values",
    title="Missing values: an empty field is an answer, too",
    minutes=3,
    text=(
        "No table is complete. What matters is **why** a value is missing and **what the model does**"
        " with it.\n\n"
        "Most pipelines fill gaps: with zero, with the average, with the last known value. The model"
        " cannot see"
        " that. An income of zero and an unknown income look the same, and a customer without a value"
        " is treated"
        " like a poor one.\n\n"
        "Gaps carry information. People leave a field empty for a reason, a sensor is silent when it is"
        " too hot, a"
        " partner sends no merchant category because its contract ended.\n\n"
        "Watch the **share** of missing values for each field as you watch a metric. A jump from 2 % to"
        " 30 % is an"
        " incident of the pipeline, not of the model. And ask once for each important field: *filled"
        " with what,"
        " since when, and would I decide like that by hand?*"
    ),
    chart=LessonChart(
        title="Share of payments without a merchant category",
        unit="%",
        lines={"Missing": (2, 2, 3, 2, 2, 2, 31, 30, 32, 31, 30, 31)},
        limit=10,
        caption="A jump that stays: on day 7 a new partner went live that does not send the field.",
    ),
    questions=(
        LessonQuestion(
            "A field is filled with zero when it is missing. What is the danger?",
            ("The table gets larger", "Unknown and really zero look the same", "None, zero is neutral"),
            1,
            "Zero is a value with a meaning. The model learns and uses it as such.",
        ),
        LessonQuestion(
            "The share of gaps jumps on one day and stays. Whom do you ask first?",
            ("Who supplies the data", "Who trained the model", "Nobody, wait a week"),
            0,
            "The supply changed. The model only receives what it is given.",
        ),
    ),
)

LEAKAGE = Lesson(
    slug="leakage",
    title="Leakage: too good to be true",
    minutes=4,
    text=(
        "A model in training reaches 99 %. Before you celebrate, ask what it knew. **Leakage** means"
        " that the"
        " training data contained something that is only known **after** the answer.\n\n"
        "A hospital predicts an illness from records that include the medicine against it. A bank"
        " predicts late"
        " payment from a field that the collections team fills in. In training it looks brilliant. In"
        " use that"
        " field is still empty at the moment of the decision, and the results collapse.\n\n"
        "Leaks also come by **time** and by **twins**: if rows of the same customer are in training and"
        " in the"
        " test, the model recognises the customer instead of the pattern. If tomorrow's rows are mixed with"
        " yesterday's, it has seen the future.\n\n"
        "Two habits protect: write down for each field *when* it is known, and test on a later month"
        " than you"
        " train on. And be suspicious of one feature that explains nearly everything."
    ),
    chart=LessonChart(
        title="Share of right answers",
        unit="%",
        lines={
            "With the leaking field": (98, 99, 98, 99, 98, 99, 71, 70, 72, 69, 70, 71),
            "Without it": (84, 83, 85, 84, 84, 83, 82, 83, 82, 81, 82, 83),
        },
        caption="From day 7 on the model is in use, where the field is empty. The modest model stays modest.",
    ),
    questions=(
        LessonQuestion(
            "Which field leaks, if you predict whether an invoice is paid late?",
            ("The amount", "The number of reminders sent", "The customer's sector"),
            1,
            "Reminders are sent after the due date. At the moment of the prediction the number is"
            " always zero.",
        ),
        LessonQuestion(
            "How do you split data to find leaks by time?",
            ("At random", "Train on earlier months, test on a later one", "By the alphabet"),
            1,
            "A random split puts the future into the training.",
        ),
    ),
)

ABOUT_DATA = (DRIFT, LABEL_NOISE, SAMPLING_BIAS, MISSING_VALUES, LEAKAGE)

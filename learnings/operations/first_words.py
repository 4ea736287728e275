"""The words of a new glossary: (word, other spellings, lesson, definition)."""

FIRST: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    (
        "Accuracy",
        (),
        "base-rates",
        "The share of right answers. It says little where one answer is much more common than the other.",
    ),
    (
        "Back-test",
        (),
        "thresholds",
        "How often a rule would have called over the stored past, before it is agreed for the future.",
    ),
    ("Base rate", ("prevalence",), "base-rates", "How common something is before anybody looks for it."),
    (
        "Baseline",
        ("reference data",),
        "drift",
        "The data or the result that others are compared with, such as the training data.",
    ),
    (
        "Bias",
        ("sampling bias",),
        "sampling-bias",
        "A systematic difference between the cases in the data and the cases in use.",
    ),
    ("Breach", (), "thresholds", "A time in which a metric is beyond its threshold."),
    (
        "Calibration",
        (),
        "base-rates",
        "Whether a probability means what it says: of the cases with 0.8, about 80 of 100 occur.",
    ),
    (
        "Concept drift",
        (),
        "drift",
        "The relation between the input and the answer changed: the same values mean"
        " something else than before.",
    ),
    (
        "Data drift",
        ("drift", "covariate shift"),
        "drift",
        "The values that arrive are distributed differently from those that the model learned from.",
    ),
    ("False alarm", ("false positive",), "base-rates", "An alarm without a cause."),
    (
        "Feature",
        (),
        "leakage",
        "One value that a model reads, such as the age or the number of payments of the last month.",
    ),
    (
        "Feedback loop",
        (),
        "feedback-loops",
        "The decisions of a model become the data that it learns from next.",
    ),
    (
        "Ground truth",
        (),
        "label-noise",
        "What really happened, as far as it is known. It often arrives weeks later.",
    ),
    (
        "Hysteresis",
        (),
        "thresholds",
        "Different limits for opening and clearing, so that a value near the limit"
        " does not open it again and again.",
    ),
    ("Imputation", (), "missing-values", "Filling a missing value with another one, such as the average."),
    ("Label", (), "label-noise", "The answer that belongs to an example in the training data."),
    ("Label noise", (), "label-noise", "Wrong answers among the labels."),
    (
        "Latency",
        (),
        "latency",
        "A delay: of the answer to a request, or of the data that the answer is based on.",
    ),
    (
        "Leakage",
        ("target leakage",),
        "leakage",
        "The training data has something that is only known after the answer.",
    ),
    ("Missed case", ("false negative",), "base-rates", "A case that a model or a threshold did not find."),
    (
        "Outlier",
        (),
        "reading-a-chart",
        "A value far from the others. It is a fault or the most interesting case.",
    ),
    ("Overfitting", (), "leakage", "A model learned its examples by heart, and fails on new ones."),
    (
        "Percentile",
        ("p95", "p99"),
        "latency",
        "The value below which this many of 100 cases are: the 95th percentile is above 95 of 100.",
    ),
    ("Precision", (), "base-rates", "How many of the calls are right."),
    (
        "PSI",
        ("population stability index",),
        "drift",
        "One number for how differently two sets of values are"
        " distributed. Often below 0.1 is calm, above 0.25 is a reason to act.",
    ),
    ("Recall", ("sensitivity",), "base-rates", "How many of the cases are found."),
    (
        "Retraining",
        (),
        "drift",
        "Training a model again on newer data. It does not help against a fault of the pipeline.",
    ),
    (
        "Robust z-score",
        ("z-score",),
        "thresholds",
        "How far a value is from the usual, counted in usual"
        " variations. *Robust* means that a few extreme values do not decide what is usual.",
    ),
    (
        "Segment",
        ("slice",),
        "sampling-bias",
        "A part of the cases, such as one region. An average over all segments hides the bad ones.",
    ),
    ("Threshold", (), "thresholds", "The agreed limit of a metric. Beyond it, people are called."),
)

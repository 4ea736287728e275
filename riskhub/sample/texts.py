"""The texts of the sample: risks, decisions, actions and learnings. Names and figures are invented."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SampleStep:
    """One step of a risk, `after` days after it was created. reason: the reason or the evidence of the step.

    file: name and content of a file that is posted with a comment.
    """

    after: int
    does: str  # assess, treat, monitor, accept, close, restrict, comment
    by: str
    reason: str = ""
    file: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Agreed:
    """An action of a decision. done_after: days until it is done, None while it is in progress."""

    title: str
    owner: str
    type: str
    effort: str
    due_in: int
    done_after: int | None = None
    done: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision of a meeting about a risk or a review, the first time that the item is discussed.

    tripwire: the value of the metric of the breach above which the decision comes back, None without one.
    """

    text: str
    why: str
    notes: str
    actions: tuple[Agreed, ...] = ()
    no_action: str = ""
    options: str = ""
    dissent: str = ""
    tripwire: float | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """A risk. metric, feature: the series that shows whether it gets better or worse."""

    title: str
    category: str
    model: str
    team: str
    owner: str
    likelihood: int
    impact: int
    seen: str
    affected: str = ""
    metric: str = ""
    feature: str = ""
    tags: tuple[str, ...] = ()
    is_unnamed: bool = False
    statement: tuple[str, str, str] = ("", "", "")  # cause, event, effect
    steps: tuple[SampleStep, ...] = ()
    decided: Decided | None = None


PSI_BY_MONTH = ("psi-by-month.csv", "month,psi\nAugust,0.06\nSeptember,0.08\nOctober,0.19\n")
# fmt: off
# Two risks are created each week, on Tuesday and Thursday, in this order.
RISKS = (
    Logged(
        "Scores are too low for refinancing customers", "data-drift", "credit-pd", "Credit Risk ML", "ana", 4, 4,
        "Since the rate change, applicants for refinancing are outside the range of the training sample. Their scores are 8 to 12 points too low.",
        "Refinancing customers, who are rejected or get a price that is too high.",
        "psi", "utilisation_90d", ("refinancing", "rates"),
        statement=("The model was trained before the rate change, on few refinancing customers.", "It scores refinancing applicants 8 to 12 points too low.", "Good applicants are rejected or overpay, and a rejection cannot be reversed."),
        steps=(
            SampleStep(0, "assess", "ana"),
            SampleStep(2, "comment", "ana", "@jonas-keller Is anything in the bureau feed different since the rate change?"),
            SampleStep(3, "comment", "jonas", "No. Row counts and null shares are as before, so the population has changed.", PSI_BY_MONTH),
            SampleStep(6, "treat", "ana", "The forum agreed on manual reviews."),
        ),
        decided=Decided(
            "Refinancing applicants with a score below 45 get a manual review until the retrained model is live.",
            "Their score is wrong by up to 12 points, and a rejection cannot be reversed.",
            "Ana showed the score by product: only refinancing is affected. Jonas found no error in the feed, so the population has changed.",
            (
                Agreed("Route refinancing scores under 45 to manual review", "priya", "mitigation", "m", 5, 4, "Live since this morning; 31 cases a day."),
                Agreed("Retrain with the last six months of refinancing cases", "ana", "mitigation", "l", 50),
                Agreed("Alert on the share of refinancing among applicants", "jonas", "monitoring", "s", 9, 8, "The alert is active, at 22 %."),
            ),
        ),
    ),
    Logged(
        "Bureau feed arrives late on the first working day", "data-latency", "credit-pd", "Credit Risk ML", "jonas", 3, 3,
        "On the first working day of a month the bureau file arrives three to five hours late. Until then the model uses last month's figures.",
        "Applicants of that morning, who are scored with outdated debt figures.",
        "null_share", "bureau_score", ("bureau",),
        statement=("The bureau delivers late on the first working day of a month.", "Scores of that morning use last month's debt figures.", "Some loans are granted to applicants with too much debt."),
        steps=(SampleStep(1, "assess", "jonas"), SampleStep(9, "accept", "sofia", "The delay is five hours a month, and a second bureau would cost more than it saves. We review this when the contract is renewed.")),
        decided=Decided(
            "We accept the delay until the bureau contract is renewed, and show when the figures of a score are outdated.",
            "The delay is five hours a month, and the clerks can see the date of the figures.",
            "Priya: the date is already in the payload, but it is not shown.",
            (Agreed("Show the date of the bureau figures beside the score", "priya", "process", "s", 12, 10, "Shipped in release 41."),),
        ),
    ),
    Logged(
        "Chargeback labels settle after 60 days", "label-noise", "fraud-score", "Fraud", "wei", 3, 4,
        "A quarter of the fraud labels change within 60 days. The weekly retraining uses labels that are not final.",
        "Card holders whose payments are held although there was no fraud.",
        "precision_at_1pct", "", ("labels", "chargebacks"),
        statement=("Chargebacks take up to 60 days to settle.", "The weekly retraining learns from labels that are not final.", "The model holds payments that are no fraud."),
        steps=(SampleStep(0, "assess", "wei"), SampleStep(8, "treat", "wei", "Lower weights for recent labels, as agreed.")),
        decided=Decided(
            "Labels younger than 60 days get half the weight in the weekly retraining.",
            "A quarter of them change, but without them the model would miss the newest patterns.",
            "Noor compared three weights on last quarter's data: one half had the best precision and the same recall.",
            (
                Agreed("Weigh labels by their age in the retraining job", "wei", "mitigation", "m", 14, 11, "Merged; first run on Sunday."),
                Agreed("Review the weighting with somebody outside Fraud", "ana", "code_review", "s", 18, 15, "Approved. One comment on the cut-off is included."),
            ),
        ),
    ),
    Logged(
        "Merchant category is missing for a new acquirer", "broken-data", "fraud-score", "Fraud", "noor", 4, 3,
        "Payments of the acquirer that joined in October have no merchant category. The model treats a missing category as travel.",
        "Customers of small merchants, whose payments are held.",
        "null_share", "merchant_category", ("acquirer", "schema"),
        steps=(SampleStep(0, "assess", "noor"), SampleStep(3, "treat", "noor", "First a mapping table, then a contract test."), SampleStep(16, "monitor", "noor", "The share of missing values is below 2 % again.")),
        decided=Decided(
            "We map the acquirer's codes ourselves, and reject files without the field from December.",
            "The acquirer needs until spring, and held payments cost us customers today.",
            "Tunde: in one week, 4 800 payments were held that would have passed before.",
            (
                Agreed("Map the acquirer's own codes to merchant categories", "noor", "mitigation", "m", 7, 6, "412 of 430 codes are mapped. The others belong to closed shops."),
                Agreed("Add the field to the contract test of acquirer files", "tunde", "process", "s", 40),
                Agreed("Compare held payments with and without the mapping", "ana", "other", "s", 20),
            ),
        ),
    ),
    Logged(
        "Call-centre notes leak the outcome", "feature-leakage", "churn-scorer", "Growth ML", "ines", 2, 4,
        "The feature “last note” is sometimes written after the customer has cancelled.",
        "No customers. The figures of the campaign look better than they are.",
        "null_share", "last_note", ("leakage",),
        steps=(SampleStep(2, "assess", "ines"), SampleStep(10, "monitor", "ines", "The model now uses only notes from before the cut-off.")),
        decided=Decided(
            "The model uses only notes written before the scoring date.",
            "Without the leak the AUC falls from 0.91 to 0.78, which is the correct value.",
            "Mila checked 200 notes manually: 37 were written after the cancellation.",
            (Agreed("Cut notes off at the scoring date", "mila", "mitigation", "s", 7, 5, "Deployed; the AUC is 0.78, as expected."),),
        ),
    ),
    Logged(
        "Young claimants are hardly in the sample", "sampling-bias", "claims-triage", "Growth ML", "ana", 3, 5,
        "People under 30 are 2 % of the training sample and 11 % of the claims.",
        "Young claimants, whose urgent cases may be sorted too low.",
        "recall_urgent", "", ("fairness", "sampling"),
        steps=(SampleStep(1, "assess", "ana"), SampleStep(2, "restrict", "sofia")),
        decided=Decided(
            "A nurse reviews every claim of under-30s that the model classifies as routine, until the sample is corrected.",
            "We do not know how many urgent cases were missed, and they could harm people's health.",
            "Legal asks that only the two teams see the figures until they are confirmed.",
            (
                Agreed("Label 1 500 claims of under-30s with the clinic desk", "ana", "mitigation", "l", 30),
                Agreed("Report recall for under-30s beside the overall figure", "mila", "monitoring", "s", 10, 9, "It is on the dashboard of the model."),
            ),
        ),
    ),
    Logged(
        "Scoring slows down when the cache is cold", "data-latency", "fraud-score", "ML Platform", "tunde", 3, 3,
        "In the first minutes after a deployment the latency is three times as high as usual, and payments pass without a score.",
        "Card holders, whose payments are not checked.",
        "latency_p95", "", ("rollout",),
        steps=(SampleStep(1, "assess", "tunde"), SampleStep(11, "close", "tunde", "Three deployments since the warm-up: p95 stayed under 160 ms in each.")),
        decided=Decided(
            "A new version receives traffic only after its cache is warm.",
            "Each deployment leaves payments without a score for three minutes, and the fix is small.",
            "Ken: the warm-up takes 40 seconds with yesterday's traffic.",
            (Agreed("Warm the feature cache before a new version takes traffic", "tunde", "mitigation", "s", 6, 5, "Added to the rollout texts. It takes 38 seconds."),),
        ),
    ),
    Logged(
        "Nobody has rehearsed the rollback this year", "deployment", "mail-digit-ocr", "ML Platform", "", 2, 3,
        "The rollback procedure names a script that was moved.",
        metric="error_share", tags=("rollback",),
        decided=Decided(
            "We rehearse the rollback of the digit reader in the next week without a release.",
            "A procedure that is not tested may fail when we need it.",
            "The script was moved in spring. Nobody noticed, because nobody used it.",
            (Agreed("Rehearse the rollback and write down how long it took", "mila", "process", "m", 15),),
        ),
    ),
    Logged(
        "Two features come from one unowned table", "broken-data", "credit-pd", "Credit Risk ML", "", 3, 3,
        "The table has had no owner since the reorganisation. Its schema changed twice without notice.",
        metric="psi", feature="income_to_debt", tags=("ownership",), is_unnamed=True,
        decided=Decided(
            "Data engineering takes over the table, with a contract for its schema.",
            "Two features of a tier 1 model depend on it.",
            "",
            (Agreed("Trace which jobs write to the customer-debt table", "noor", "lineage_audit", "m", 18),),
        ),
    ),
    Logged(
        "Letters with blue ink are read worse", "performance-decay", "mail-digit-ocr", "ML Platform", "mila", 2, 2,
        "Error rate of 4 % on blue ink against 1 % on black.",
        "Senders of these letters, who wait one day longer.",
        "error_share", "", ("scanner",),
        steps=(SampleStep(1, "assess", "mila"),),
        decided=Decided(
            "No change: a person already checks letters with low confidence.",
            "One letter in three hundred is delayed by a day.",
            "",
            no_action="The desk already reads these letters manually and has the capacity for it.",
        ),
    ),
    Logged(
        "The January campaign has no group to compare with", "performance-decay", "churn-scorer", "Growth ML", "ines", 3, 2,
        "All customers above the cut-off get the offer, so its effect cannot be measured.",
        metric="psi", feature="visits_30d", tags=("campaign",),
    ),
)

# The decisions about the reviews of breaches, by model and metric.
REVIEWS = {
    ("credit-pd", "psi"): Decided(
        "The drift of 90-day utilisation is real. We keep the threshold and fix the model.",
        "Both functions found the same shift in the raw data. The feed is correct.",
        "The share of revolving credit rose after the rate change. Scores between 40 and 60 change most.",
        (
            Agreed("Refit the utilisation buckets on the last 90 days", "wei", "mitigation", "m", 12),
            Agreed("Compare approval rates by product before and after the shift", "sofia", "other", "s", 9),
        ),
        options="Raise the threshold to 0.3 until the retraining; stop automatic approvals above 50,000 euro.",
        dissent="Jonas: the refit hides the shift from everyone who reads only the score.",
        tripwire=0.6,
    ),
    ("fraud-score", "null_share"): Decided(
        "The missing values come from the new acquirer. The threshold does not change.",
        "The breach was detected two days before the first complaint.",
        "Only the files of one acquirer have missing values.",
        (Agreed("Count gaps by acquirer on the fraud dashboard", "noor", "monitoring", "s", 6, 5, "Done, with a link from the breach."),),
    ),
    ("churn-scorer", "null_share"): Decided(
        "The CRM export has lost notes since its update. We do not publish scores until it is fixed.",
        "A third of the notes is missing, and the feature is important for the model.",
        "The supplier promised Ines a fix by Thursday.",
        (Agreed("Have the CRM export fixed by its supplier", "ines", "mitigation", "s", 3),),
    ),
    ("churn-scorer", "psi"): Decided(
        "Visits doubled with the new start page of the app. We redefine the feature as sessions.",
        "The customers did not change, only the definition of a visit.",
        "The change is on the day of release 7.2.",
        (Agreed("Redefine the visits feature as sessions", "ana", "mitigation", "m", 10),),
    ),
}

# The decision that gives this action another week.
MORE_TIME_FOR = "Refit the utilisation buckets on the last 90 days"
MORE_TIME = Decided(
    "The refit of the utilisation buckets gets one more week.",
    "The labels of the last 30 days are not complete before.",
    "",
)

# The evidence of an owner who reconfirms a risk after the forum discussed it again.
CONFIRMED = "Discussed in the forum: unchanged, and the agreed actions are in progress."

# The notes of reviewers, used in turn.
NOTES = (
    "The raw data shows it as well: it starts on the same day in every region.",
    "The feed is complete and on time. The population has changed.",
    "The shadow copy shows the same values, so the pipeline is not the cause.",
    "We should not wait for the retraining: the value is above the agreed threshold.",
)


@dataclass(frozen=True, slots=True)
class Written:
    """A learning. about: the model and metric of the review it was drafted from, or the title of a risk."""

    days_ago: int
    author: str
    about: tuple[str, str] | str
    title: str
    seen: str
    to_monitor: str
    to_adjust: str
    how_to_check: str
    governance: str = ""
    tags: tuple[str, ...] = ()
    verdict: str = ""


LEARNINGS = (
    Written(
        16, "noor", ("fraud-score", "null_share"),
        "A new supplier of data is a change to the model",
        "When the new acquirer went live, no code changed, but **every fifth payment of small merchants was held**. The most important field of the model was empty.\n\nThe share of missing values showed it two days before the first complaint, because the threshold had been set in spring.",
        "The share of missing values in each field, by acquirer and not only in total: 96 % of good data hides a new supplier with 4 % of the payments.",
        "New acquirers send a week of files to the contract test before their payments reach the model.",
        "The share of missing values stays below 2 % during the next two onboardings (January and March).",
        "The mapping of codes is versioned with the model. Card data stays in the payments zone.",
        ("suppliers", "data contracts"), "worked",
    ),
    Written(
        9, "tunde", "Scoring slows down when the cache is cold",
        "Warm the cache before a version takes traffic",
        "After each deployment the fraud score took three times as long for about three minutes, and payments passed without a score. Nobody noticed, because the daily p95 hides three minutes.",
        "Latency by minute for the first ten minutes after a deployment, and the count of payments that passed unscored.",
        "The rollout script replays 40 seconds of yesterday's traffic before a version takes its share.",
        "Three deployments in a row with a p95 under 160 ms. Done: 151, 148 and 155 ms.",
        tags=("rollout", "latency"), verdict="worked",
    ),
    Written(
        2, "ana", "Scores are too low for refinancing customers",
        "Check a score by product before you trust its average",
        "The average score hardly changed when rates rose, but **the scores of refinancing customers were 8 to 12 points too low**. These customers were 6 % of the training sample and are now 19 % of the applicants.",
        "Score and approval rate by product, weekly, and the share of each product among applicants.",
        "In a training sample, every product has at least half its current share.",
        "The gap between refinancing and other products is below 3 points after the retraining. We check this again in six weeks.",
        "Manual review of the affected cases is logged, so that refusals can be explained.",
        ("drift", "fairness"), "watch",
    ),
)
# fmt: on

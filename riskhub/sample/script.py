"""What is seen, decided, done and learned in the sample. Names and figures are invented."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RiskStory:
    """What becomes of a risk, so many days after it was raised."""

    after: int
    does: str  # assess, treat, monitor, accept, close, restrict
    by: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Agreed:
    """An action of a decision. done_after: days until it is done, None while it is still under way."""

    title: str
    owner: str
    type: str
    effort: str
    due_in: int
    done_after: int | None = None
    done: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a meeting decides about a risk or about the review of a breach, the first time it looks at it."""

    text: str
    why: str
    notes: str
    actions: tuple[Agreed, ...] = ()
    no_action: str = ""


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
    steps: tuple[RiskStory, ...] = ()
    decided: Decided | None = None


# fmt: off
# Two come up a week, on Tuesday and Thursday, in this order.
RISKS = (
    Logged(
        "Scores are too low for refinancing customers", "data-drift", "credit-pd", "Credit Risk ML", "ana", 4, 4,
        "Since the rate change, applicants for refinancing lie outside the range of the training sample. Their scores come out 8 to 12 points low.",
        "Refinancing customers, who are refused or priced too high.",
        "psi", "utilisation_90d", ("refinancing", "rates"),
        steps=(RiskStory(0, "assess", "ana"), RiskStory(6, "treat", "ana", "The forum agreed on a second look by hand.")),
        decided=Decided(
            "Refinancing applicants with a score under 45 get a second look by hand until the retrained model is out.",
            "The score is off by up to 12 points for them, and a refusal cannot be taken back.",
            "Ana showed the score by product: only refinancing is off. Jonas found no fault in the feed, so it is the population that moved.",
            (
                Agreed("Route refinancing scores under 45 to manual review", "priya", "mitigation", "m", 5, 4, "Live since this morning; 31 cases a day."),
                Agreed("Retrain with the last six months of refinancing cases", "ana", "mitigation", "l", 50),
                Agreed("Alert on the share of refinancing among applicants", "jonas", "monitoring", "s", 9, 8, "Alert is on, at 22 %."),
            ),
        ),
    ),
    Logged(
        "Bureau feed arrives late on the first working day", "data-latency", "credit-pd", "Credit Risk ML", "jonas", 3, 3,
        "On the first working day of a month the bureau file comes three to five hours late; the model scores on last month's figures until then.",
        "Applicants of that morning, who are scored on old debt.",
        "null_share", "bureau_score", ("bureau",),
        steps=(RiskStory(1, "assess", "jonas"), RiskStory(9, "accept", "sofia", "Five hours a month; the second bureau would cost more than it saves. We look again when the contract is renewed.")),
        decided=Decided(
            "We live with the delay until the bureau contract is renewed, and say on the score when its figures are old.",
            "It is five hours a month, and the clerks can see the date of the figures.",
            "Priya: the date is in the payload already, it is only not shown.",
            (Agreed("Show the date of the bureau figures beside the score", "priya", "process", "s", 12, 10, "In release 41."),),
        ),
    ),
    Logged(
        "Chargeback labels settle after 60 days", "label-noise", "fraud-score", "Fraud", "wei", 3, 4,
        "A quarter of the fraud labels flip within 60 days. The weekly retraining learns from labels that are not final.",
        "Card holders whose payments are held for patterns that were no fraud.",
        "precision_at_1pct", "", ("labels", "chargebacks"),
        steps=(RiskStory(0, "assess", "wei"), RiskStory(8, "treat", "wei", "Weights for young labels, as agreed.")),
        decided=Decided(
            "Labels younger than 60 days count half in the weekly retraining.",
            "A quarter of them flip; leaving them out would cost the newest patterns.",
            "Noor compared three weights on last quarter's data: half was best on precision and lost no recall.",
            (
                Agreed("Weigh labels by their age in the retraining job", "wei", "mitigation", "m", 14, 11, "Merged; first run on Sunday."),
                Agreed("Review the weighting with somebody outside Fraud", "ana", "code_review", "s", 18, 15, "Fine; one comment on the cut-off, taken in."),
            ),
        ),
    ),
    Logged(
        "Merchant category is missing for a new acquirer", "broken-data", "fraud-score", "Fraud", "noor", 4, 3,
        "Payments of the acquirer that joined in October carry no merchant category. The model reads the gap as travel.",
        "Customers of small merchants, held at the till.",
        "null_share", "merchant_category", ("acquirer", "schema"),
        steps=(RiskStory(0, "assess", "noor"), RiskStory(3, "treat", "noor", "Mapping table first, contract test after."), RiskStory(16, "monitor", "noor", "The share of gaps is back under 2 %.")),
        decided=Decided(
            "Map the acquirer's codes ourselves, and refuse files without the field from December.",
            "The acquirer needs until spring; held payments at the till cost us customers today.",
            "Tunde: 4 800 payments were held in a week that would have passed before.",
            (
                Agreed("Map the acquirer's own codes to merchant categories", "noor", "mitigation", "m", 7, 6, "412 of 430 codes mapped, the rest are closed shops."),
                Agreed("Add the field to the contract test of acquirer files", "tunde", "process", "s", 40),
                Agreed("Compare held payments with and without the mapping", "ana", "other", "s", 20),
            ),
        ),
    ),
    Logged(
        "Call-centre notes leak the outcome", "feature-leakage", "churn-scorer", "Growth ML", "ines", 2, 4,
        "The feature “last note” is sometimes written after the customer has cancelled.",
        "Nobody outside; the campaign's figures look better than they are.",
        "null_share", "last_note", ("leakage",),
        steps=(RiskStory(2, "assess", "ines"), RiskStory(10, "monitor", "ines", "Only notes from before the cut-off are read now.")),
        decided=Decided(
            "Only notes written before the scoring date are read.",
            "With the leak closed the AUC falls from 0.91 to 0.78; the lower figure is the true one.",
            "Mila checked 200 notes by hand: 37 were written after the cancellation.",
            (Agreed("Cut notes off at the scoring date", "mila", "mitigation", "s", 7, 5, "Deployed; the AUC is 0.78, as expected."),),
        ),
    ),
    Logged(
        "Young claimants are hardly in the sample", "sampling-bias", "claims-triage", "Growth ML", "ana", 3, 5,
        "Under-30s are 2 % of the training sample and 11 % of the claims.",
        "Young claimants, whose urgent cases may be sorted too low.",
        "recall_urgent", "", ("fairness", "sampling"),
        steps=(RiskStory(1, "assess", "ana"), RiskStory(2, "restrict", "sofia")),
        decided=Decided(
            "A nurse looks at every claim of under-30s that the model calls routine, until the sample is fixed.",
            "Nobody can say how many urgent cases were missed, and the harm would be to their health.",
            "Legal asks to keep the figures to the two teams until they are confirmed.",
            (
                Agreed("Label 1 500 claims of under-30s with the clinic desk", "ana", "mitigation", "l", 30),
                Agreed("Report recall for under-30s beside the overall figure", "mila", "monitoring", "s", 10, 9, "On the dashboard of the model."),
            ),
        ),
    ),
    Logged(
        "Scoring slows down when the cache is cold", "data-latency", "fraud-score", "ML Platform", "tunde", 3, 3,
        "After a deployment the first minutes run at three times the usual latency; payments pass unscored.",
        "Card holders, whose payments pass without a look.",
        "latency_p95", "", ("rollout",),
        steps=(RiskStory(1, "assess", "tunde"), RiskStory(11, "close", "tunde", "Three deployments since the warm-up: p95 stayed under 160 ms in each.")),
        decided=Decided(
            "A new version takes traffic only after its cache is warm.",
            "Three minutes unscored at every deployment is three minutes too many, and the fix is small.",
            "Ken: the warm-up takes 40 seconds on yesterday's traffic.",
            (Agreed("Warm the feature cache before a new version takes traffic", "tunde", "mitigation", "s", 6, 5, "In the rollout script; 38 seconds."),),
        ),
    ),
    Logged(
        "Nobody has rehearsed the rollback this year", "deployment", "mail-digit-ocr", "ML Platform", "", 2, 3,
        "The rollback procedure names a script that was moved.",
        metric="error_share", tags=("rollback",),
        decided=Decided(
            "We rehearse the rollback of the digit reader in the next quiet week.",
            "A procedure nobody has tried is a hope.",
            "The script moved in spring. Nobody noticed, because nobody needed it.",
            (Agreed("Rehearse the rollback and write down how long it took", "mila", "process", "m", 15),),
        ),
    ),
    Logged(
        "Two features come from one unowned table", "broken-data", "credit-pd", "Credit Risk ML", "", 3, 3,
        "The table has had no owner since the reorganisation; its schema changed twice without notice.",
        metric="psi", feature="income_to_debt", tags=("ownership",), is_unnamed=True,
        decided=Decided(
            "Data engineering takes the table over, with a contract on its schema.",
            "Two features of a tier 1 model hang on it.",
            "",
            (Agreed("Trace which jobs write to the customer-debt table", "noor", "lineage_audit", "m", 18),),
        ),
    ),
    Logged(
        "Letters with blue ink are read worse", "performance-decay", "mail-digit-ocr", "ML Platform", "mila", 2, 2,
        "Error rate of 4 % on blue ink against 1 % on black.",
        "Senders of such letters, who wait a day longer.",
        "error_share", "", ("scanner",),
        steps=(RiskStory(1, "assess", "mila"),),
        decided=Decided(
            "No change: letters read with low confidence go to a person already.",
            "The cost is a day's wait for one letter in three hundred.",
            "",
            no_action="The desk reads those letters by hand today, and has time for it.",
        ),
    ),
    Logged(
        "The January campaign has no group to compare with", "performance-decay", "churn-scorer", "Growth ML", "ines", 3, 2,
        "All customers above the cut get the offer, so nobody can say what the offer did.",
        metric="psi", feature="visits_30d", tags=("campaign",),
    ),
)

# What the meeting decides about the review of a breach, by model and metric.
REVIEWS = {
    ("credit-pd", "psi"): Decided(
        "The drift of 90-day utilisation is real: we keep the threshold and fix the model.",
        "Both functions found the same shift in the raw data; the feed is sound.",
        "The share of revolving credit rose after the rate change. Scores move most between 40 and 60.",
        (
            Agreed("Refit the utilisation buckets on the last 90 days", "wei", "mitigation", "m", 12),
            Agreed("Compare approval rates by product before and after the shift", "sofia", "other", "s", 9),
        ),
    ),
    ("fraud-score", "null_share"): Decided(
        "The gaps come from the new acquirer; the limit stays where it is.",
        "The breach saw it two days before the first complaint.",
        "Gaps are in files of one acquirer only.",
        (Agreed("Count gaps by acquirer on the fraud dashboard", "noor", "monitoring", "s", 6, 5, "Done, with a link from the breach."),),
    ),
    ("churn-scorer", "null_share"): Decided(
        "The CRM export loses notes since its update; scores are held back until it is fixed.",
        "A third of the notes is missing, and the feature carries weight.",
        "Ines has the supplier's word for Thursday.",
        (Agreed("Have the CRM export fixed by its supplier", "ines", "mitigation", "s", 3),),
    ),
    ("churn-scorer", "psi"): Decided(
        "Visits doubled with the app's new start page: the feature is redefined as sessions.",
        "Nothing about the customers changed, only what counts as a visit.",
        "The step is on the day of release 7.2.",
        (Agreed("Redefine the visits feature as sessions", "ana", "mitigation", "m", 10),),
    ),
}

# What an owner says when the forum looks at a risk again.
STILL_SO = "Looked at in the forum: unchanged, and what was agreed is under way."

# What reviewers say when they answer, in turn.
NOTES = (
    "Seen in the raw data as well: it begins on the same day in every region.",
    "The feed is complete and on time. It is the population that moved.",
    "Same picture on the shadow copy, so it is not the pipeline.",
    "I would not wait for the retraining: this is past what we agreed.",
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
        "When the new acquirer went live, no line of code changed, and still **every fifth payment of small merchants was held**. The field the model leans on most was simply empty.\n\nWe saw it by the share of gaps two days before the first complaint, because the limit was set in spring and had spoken only once before.",
        "The share of gaps in each field of an acquirer's files, by acquirer, not only in sum: one new supplier of 4 % hides behind 96 % of good data.",
        "New acquirers send a week of files to the contract test before their payments reach the model.",
        "The share of gaps stays under 2 % through the next two onboardings (January and March).",
        "The mapping of codes is versioned beside the model; card data stays in the payments zone.",
        ("suppliers", "data contracts"), "worked",
    ),
    Written(
        9, "tunde", "Scoring slows down when the cache is cold",
        "Warm the cache before you take the traffic",
        "After each deployment the fraud score took three times as long for about three minutes, and payments passed unscored. Nobody had noticed, since the daily p95 hides three minutes.",
        "Latency by minute for the first ten minutes after a deployment, and the count of payments that passed unscored.",
        "The rollout script replays 40 seconds of yesterday's traffic before a version takes its share.",
        "Three deployments in a row with a p95 under 160 ms. Done: 151, 148 and 155 ms.",
        tags=("rollout", "latency"), verdict="worked",
    ),
    Written(
        2, "ana", "Scores are too low for refinancing customers",
        "Look at a score by product before you trust its average",
        "The average score hardly moved when rates rose, yet **refinancing customers came out 8 to 12 points low**. They were 6 % of the training sample and are 19 % of the applicants now.",
        "Score and approval rate by product, weekly; the share of each product among applicants.",
        "Training samples are drawn so that no product has less than half its present share.",
        "The gap between refinancing and the rest closes to under 3 points after the retraining. We look again in six weeks.",
        "Manual review of the affected cases is logged, so that refusals can be explained.",
        ("drift", "fairness"), "watch",
    ),
)
# fmt: on

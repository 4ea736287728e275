"""Who and what there is in the sample: people, teams, models, series. Names and figures are invented."""

from dataclasses import dataclass

from people.states import Role
from signals.states import Kind

ORGANISATION = "Northwind Bank"
ZONE = "Europe/Berlin"

# name, address, function, role
PEOPLE = (
    ("Robin Adler", "admin@example.org", "governance", Role.ADMINISTRATOR),
    ("Ana Moreau", "ana@example.org", "data-science", Role.MEMBER),
    ("Wei Lin", "wei@example.org", "data-science", Role.MEMBER),
    ("Jonas Keller", "jonas@example.org", "data-engineering", Role.MEMBER),
    ("Noor Haddad", "noor@example.org", "data-engineering", Role.MEMBER),
    ("Priya Raman", "priya@example.org", "engineering", Role.MEMBER),
    ("Ken Sato", "ken@example.org", "engineering", Role.MEMBER),
    ("Tunde Okafor", "tunde@example.org", "platform-operations", Role.MEMBER),
    ("Mila Novak", "mila@example.org", "platform-operations", Role.MEMBER),
    ("Sofia Lindqvist", "sofia@example.org", "risk-management", Role.RISK_MANAGER),
    ("Ines Duarte", "ines@example.org", "product", Role.MEMBER),
    ("Victor Hale", "victor@example.org", "governance", Role.VIEWER),
)

# name, lead, members
TEAMS = (
    ("Credit Risk ML", "ana", ("wei", "jonas", "priya", "sofia")),
    ("Fraud", "ken", ("noor", "wei", "tunde")),
    ("Growth ML", "ines", ("ana", "noor", "mila")),
    ("ML Platform", "tunde", ("mila", "priya", "ken")),
)


@dataclass(frozen=True, slots=True)
class Metric:
    """A series of daily values: level, weekly swing, noise, and how far and when it drifts."""

    metric: str
    kind: str
    level: float
    noise: float
    feature: str = ""
    unit: str = ""
    drift: float = 0.0
    drift_from: int = 0  # days before today
    warning: float | None = None
    critical: float | None = None
    clear: float | None = None
    direction: str = "above"


@dataclass(frozen=True, slots=True)
class Registered:
    """A model of the sample."""

    slug: str
    name: str
    team: str
    tier: int
    purpose: str
    metrics: tuple[Metric, ...] = ()


MODELS = (
    Registered(
        "credit-pd",
        "Retail probability of default",
        "Credit Risk ML",
        1,
        "Scores applicants for retail credit; its score sets limit and price.",
        (
            Metric(
                "psi",
                Kind.DRIFT,
                0.06,
                0.012,
                "utilisation_90d",
                drift=0.24,
                drift_from=9,
                warning=0.1,
                critical=0.25,
                clear=0.08,
            ),
            Metric("psi", Kind.DRIFT, 0.05, 0.010, "income_to_debt", warning=0.1, critical=0.25, clear=0.08),
            Metric(
                "null_share",
                Kind.DATA_QUALITY,
                0.004,
                0.002,
                "bureau_score",
                unit="share",
                warning=0.03,
                critical=0.08,
            ),
            Metric(
                "auc",
                Kind.PERFORMANCE,
                0.79,
                0.006,
                warning=0.75,
                critical=0.70,
                clear=0.76,
                direction="below",
            ),
        ),
    ),
    Registered(
        "fraud-score",
        "Card fraud score",
        "Fraud",
        1,
        "Holds card payments for a second look within 200 ms.",
        (
            Metric(
                "latency_p95", Kind.LATENCY, 142.0, 9.0, unit="ms", warning=200.0, critical=400.0, clear=180.0
            ),
            Metric(
                "precision_at_1pct",
                Kind.PERFORMANCE,
                0.62,
                0.015,
                warning=0.55,
                critical=0.45,
                direction="below",
            ),
            Metric(
                "null_share",
                Kind.DATA_QUALITY,
                0.01,
                0.004,
                "merchant_category",
                unit="share",
                drift=0.05,
                drift_from=30,
                warning=0.04,
                critical=0.1,
                clear=0.03,
            ),
        ),
    ),
    Registered(
        "churn-scorer",
        "Churn scorer",
        "Growth ML",
        3,
        "Ranks customers for retention offers, once a week.",
        (
            Metric(
                "psi",
                Kind.DRIFT,
                0.07,
                0.015,
                "visits_30d",
                drift=0.9,
                drift_from=2,
                warning=0.15,
                critical=0.4,
                clear=0.12,
            ),
            Metric(
                "null_share",
                Kind.DATA_QUALITY,
                0.006,
                0.002,
                "last_note",
                unit="share",
                drift=0.3,
                drift_from=4,
                warning=0.03,
                critical=0.2,
                clear=0.02,
            ),
        ),
    ),
    Registered(
        "tumour-triage",
        "Claims triage",
        "Growth ML",
        2,
        "Sorts health-insurance claims by urgency for the clinic desk.",
    ),
    Registered(
        "mail-digit-ocr", "Mail digit reader", "ML Platform", 3, "Reads account numbers from scanned letters."
    ),
)

# title, category, model, team, owner, likelihood, impact, what was seen, who would be affected
RISKS = (
    ("Scores are too low for refinancing customers", "data-drift", "credit-pd", "Credit Risk ML", "ana", 4, 4,
     "Since the rate change, applicants for refinancing lie outside the range of the training sample. Their scores come out 8 to 12 points low.",
     "Refinancing customers, who are refused or priced too high."),
    ("Bureau feed arrives late on the first working day", "data-latency", "credit-pd", "Credit Risk ML", "jonas", 3, 3,
     "On the first working day of a month the bureau file comes three to five hours late; the model scores on last month's figures until then.",
     "Applicants of that morning, who are scored on old debt."),
    ("Chargeback labels settle after 60 days", "label-noise", "fraud-score", "Fraud", "wei", 3, 4,
     "A quarter of the fraud labels flip within 60 days. The weekly retraining learns from labels that are not final.",
     "Card holders whose payments are held for patterns that were no fraud."),
    ("Merchant category is missing for a new acquirer", "broken-data", "fraud-score", "Fraud", "noor", 4, 3,
     "Payments of the acquirer that joined in October carry no merchant category. The model reads the gap as travel.",
     "Customers of small merchants, held at the till."),
    ("Call-centre notes leak the outcome", "feature-leakage", "churn-scorer", "Growth ML", "ines", 2, 4,
     "The feature “last note” is sometimes written after the customer has cancelled.",
     "Nobody outside; the campaign's figures look better than they are."),
    ("Young claimants are hardly in the sample", "sampling-bias", "tumour-triage", "Growth ML", "ana", 3, 5,
     "Under-30s are 2 % of the training sample and 11 % of the claims.",
     "Young claimants, whose urgent cases may be sorted too low."),
    ("Scoring slows down when the cache is cold", "data-latency", "fraud-score", "ML Platform", "tunde", 3, 3,
     "After a deployment the first minutes run at three times the usual latency; payments pass unscored.",
     "Card holders, whose payments pass without a look."),
    ("Nobody has rehearsed the rollback this year", "deployment", "mail-digit-ocr", "ML Platform", "", 2, 3,
     "The rollback procedure names a script that was moved.", ""),
    ("Two features come from one unowned table", "broken-data", "credit-pd", "Credit Risk ML", "", 3, 3,
     "The table has had no owner since the reorganisation; its schema changed twice without notice.", ""),
    ("Letters with blue ink are read worse", "performance-decay", "mail-digit-ocr", "ML Platform", "mila", 2, 2,
     "Error rate of 4 % on blue ink against 1 % on black.", "Senders of such letters, who wait a day longer."),
)  # fmt: skip

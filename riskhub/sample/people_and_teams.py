"""The organisation of the sample: its people, teams and views. Names are invented."""

from people.states import Role

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
    ("Lena Vogel", "lena@example.org", "governance", Role.MEMBER),
    ("Omar Said", "omar@example.org", "governance", Role.MEMBER),
)

# name, lead, members
TEAMS = (
    ("Credit Risk ML", "ana", ("wei", "jonas", "priya", "sofia")),
    ("Fraud", "ken", ("noor", "wei", "tunde")),
    ("Growth ML", "ines", ("ana", "noor", "mila")),
    ("ML Platform", "tunde", ("mila", "priya", "ken")),
)
# The team that observes the meetings of the others: name, lead, members
OBSERVERS = ("Internal Audit", "lena", ("omar",))

# (name, items as (title, purpose, minutes)) of the agenda template
AGENDA_TEMPLATE = (
    "Quarterly look back",
    (
        ("Which signals were false alarms, and which thresholds follow", "discuss", 15),
        ("Risks that were open all quarter", "decide", 15),
        ("Decisions that did not work", "discuss", 10),
        ("One thing to change in these meetings", "decide", 5),
    ),
)

# (name, query, whether it is shared) of the saved views of the list of risks
VIEWS = (
    ("Data risks, worst first", "category=data-drift,label-noise,sampling-bias", True),
    ("New, oldest first", "state=open&order=opened_at", True),
    ("High without a plan", "level=4,5&plan=none", False),
)

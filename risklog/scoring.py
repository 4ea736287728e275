"""The 5 x 5 matrix: the score and the level of a likelihood and an impact, and their names.

Level by score (likelihood x impact), which makes a level a range of scores the database can index:

    likelihood 5 |  2  3  4  5  5        1 Minimal   score 1 to 3
    likelihood 4 |  2  3  4  4  5        2 Low       score 4 to 5
    likelihood 3 |  1  3  3  4  4        3 Medium    score 6 to 10
    likelihood 2 |  1  2  3  3  3        4 High      score 12 to 16
    likelihood 1 |  1  1  1  2  2        5 Critical  score 20 to 25
                   impact 1 to 5
"""

from datetime import date, timedelta

LIKELIHOODS = {1: "Rare", 2: "Unlikely", 3: "Possible", 4: "Likely", 5: "Almost certain"}
IMPACTS = {1: "Negligible", 2: "Minor", 3: "Moderate", 4: "Major", 5: "Severe"}
LEVELS = {1: "Minimal", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
SCORES = {1: (1, 3), 2: (4, 5), 3: (6, 10), 4: (12, 16), 5: (20, 25)}

# Level -> the days until a risk of this level is reviewed again.
REVIEW_DAYS = {1: 180, 2: 90, 3: 60, 4: 30, 5: 14}


def score(likelihood: int, impact: int) -> int:
    """Return the score 1 to 25 of a likelihood and an impact, each 1 to 5."""
    return likelihood * impact


def level(score: int) -> int:
    """Return the level 1 to 5 of a score 1 to 25."""
    return next(number for number, (_, most) in SCORES.items() if score <= most)


def next_review(score: int, today: date) -> date:
    """Return the day by which a risk of this score (1 to 25) is reviewed again."""
    return today + timedelta(days=REVIEW_DAYS[level(score)])

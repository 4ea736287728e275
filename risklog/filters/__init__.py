"""The filters and orders of the lists of this room, for pages and the API: a module for each noun."""

from risklog.filters.experiment import EXPERIMENT_LIST
from risklog.filters.risk import RISK_LIST

LISTS = (RISK_LIST, EXPERIMENT_LIST)

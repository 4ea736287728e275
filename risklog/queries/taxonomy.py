"""Reading categories."""

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from people.models import User
from risklog.models import Category, Risk
from risklog.states import RiskState


def categories(user: User) -> QuerySet[Category]:
    """Return categories with `live`: how many live risks of each the reader may see."""
    own = Risk.objects.visible_to(user).filter(~Q(state=RiskState.CLOSED), category=OuterRef("pk"))
    count = own.order_by().values("category").annotate(count=Count("pk")).values("count")
    return Category.objects.select_related("subject", "merged_into", "because").annotate(
        live=Coalesce(Subquery(count), 0)
    )

"""The API step that agrees to the uncontested proposals of a planned meeting."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from meetings.api.item import ContestRow, contest_values
from meetings.api.meeting import MeetingStep
from meetings.models import Decision
from meetings.operations import settlement as operations
from meetings.queries import settlement as queries
from people.models import User
from rest.fields import Body, read
from rest.versions import PreconditionRequired

NO_DIGEST = "Send the digest of a dry run, so that you agree to the list that you saw."


class Settling(Body):
    dry_run = serializers.BooleanField(required=False, help_text="true: only say what would be agreed.")
    digest = serializers.CharField(
        max_length=32,
        required=False,
        allow_blank=True,
        help_text="Of a dry run. Needed unless it is one: refused if what would be agreed has changed since.",
    )


class ProposalRow(serializers.Serializer):
    """A proposal on the agenda. Restricted ones are left out."""

    item_id = serializers.IntegerField()
    about_reference = serializers.CharField(allow_null=True)
    about_kind = serializers.CharField()
    text = serializers.CharField(help_text="What is decided.")
    reason = serializers.CharField(help_text="Why it was proposed.")
    proposed_by_id = serializers.IntegerField(allow_null=True)
    deciders = serializers.CharField(help_text="Who decides, in words.")
    is_yours = serializers.BooleanField(help_text="Whether you decide.")
    problem = serializers.CharField(help_text="Why nobody can agree to it now, or empty.")
    contested_by = ContestRow(many=True)
    decision_reference = serializers.CharField(allow_null=True, help_text="null in a dry run.")


class SettlementAnswer(serializers.Serializer):
    """What was agreed, or would be with dry_run, and what is left to the meeting or to others."""

    dry_run = serializers.BooleanField()
    digest = serializers.CharField(help_text="Of what you could agree to before this request, or empty.")
    agreed = ProposalRow(many=True)
    left = ProposalRow(many=True)


class Settle(MeetingStep):
    """Agree to the uncontested proposals on the agenda that you decide, until the meeting starts.

    The digest of a dry run stands for the version: it names the list that the caller saw.
    """

    permission = {"POST": "meetings.proposal_settle"}
    body = Settling
    answers = {"POST": (200, SettlementAnswer)}
    is_versioned = False
    without_version = "The digest is missing."

    def post(self, request: Request, key: str) -> Response:
        meeting = self.found(request, key)
        self.require(request, "meetings.proposal_settle", meeting)
        seen = self.seen(request, meeting) if request.headers.get("If-Match") else None
        values, at = read(Settling, request), clock.now()
        assert isinstance(request.user, User)  # the permission needs a person
        is_dry = values.get("dry_run", False)
        if not is_dry and "digest" not in values:
            raise PreconditionRequired(NO_DIGEST)
        before = queries.of_meeting(meeting, request.user, at=at)
        agreed: list[tuple[queries.AgendaProposal, Decision | None]] = []
        if is_dry:
            operations.check_open(meeting)
            agreed += [(proposal, None) for proposal in before.agreeable]
        else:
            digest, by = values["digest"], self.by(request)
            agreed += operations.settle(meeting, digest=digest, seen=seen, by=by, at=at)
        done = {proposal.item.pk for proposal, _ in agreed}
        answer = {
            "dry_run": is_dry,
            "digest": before.digest,
            "agreed": [_row(proposal, decision) for proposal, decision in agreed],
            "left": [_row(one, None) for one in before.proposals if one.item.pk not in done],
        }
        return Response(answer)


def _row(proposal: queries.AgendaProposal, decision: Decision | None) -> dict[str, Any]:
    return {
        "item_id": proposal.item.pk,
        "about_reference": proposal.subject.reference,
        "about_kind": proposal.subject.kind,
        "text": proposal.text,
        "reason": proposal.reason,
        "proposed_by_id": proposal.row.proposed_by_id,
        "deciders": proposal.right.holders,
        "is_yours": proposal.right.is_held,
        "problem": proposal.problem,
        "contested_by": [contest_values(contest) for contest in proposal.contests],
        "decision_reference": decision.reference if decision else None,
    }


RESOURCES: list = [("meetings/<str:key>/settle", Settle)]

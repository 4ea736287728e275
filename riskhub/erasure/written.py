"""The columns in which Riskhub itself writes the names of people, as copies or as reasons.

An erasure replaces the name there. All other texts were written by people: they are listed, and replaced on
request.
"""

# Mails, digests and what other systems sent or answered: copies.
COPIES = frozenset(
    {
        "account_emailaddress.email",
        "history_due.error",
        "history_handover.error",
        "history_heartbeat.findings",
        "history_searchdocument.text",
        "incidents_observer.why",
        "meetings_meeting.observer_why",
        "meetings_meeting.scribe_why",
        "meetings_meeting.why",
        "notices_digest.content",
        "notices_digest.title",
        "notices_entry.why",
        "notices_message.address",
        "notices_message.error",
        "notices_message.history",
        "notices_message.sent_html",
        "notices_message.sent_text",
        "notices_message.sent_title",
        "notices_message.sent_to",
        "notices_webhookdelivery.answer_text",
        "notices_webhookdelivery.error",
        "notices_webhookdelivery.log",
        "people_calendarreading.error",
        "people_calendarreading.unknown",
        "people_invitation.email",
        "people_invitation.name",
        "risklog_import.left",
        "risklog_import.notes",
        "risklog_import.problem",
        "risklog_importrow.cells",
        "risklog_importrow.changes",
        "risklog_importrow.problems",
        "risklog_importrow.remarks",
        "risklog_importrow.result",
        "risklog_importrun.error",
        "risklog_reviewer.why",
        "signals_delivery.body",
        "signals_delivery.problem",
    }
)
# Mentions refer to a person by the handle, which the erasure replaces. Only mentions are replaced here.
MENTIONS = frozenset({"talk_comment.removed_text", "talk_comment.text"})
# Rows that are deleted if they name the person: they are of no use without.
DELETED = frozenset({"people_receipt.body", "people_receipt.path", "people_signincount.key"})
HISTORY = "history_event.data"

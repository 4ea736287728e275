from django.urls import path

from notices.views import digest, inbox, mail, sending, webhook

app_name = "notices"
urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("mark/", inbox.mark, name="mark"),
    path("unmark/", inbox.unmark, name="unmark"),
    path("digest/", digest.digest, name="digest"),
    path("digest/stop/<str:token>/", digest.stop_digest, name="stop_digest"),
    path("digest/<str:week>/", digest.digest_week, name="digest_week"),
    path("mail/", mail.mail_list, name="mail_list"),
    path("mail/held/", mail.mail_held, name="mail_held"),
    path("mail/<uuid:pk>/", mail.mail_detail, name="mail_detail"),
    path("mail/<uuid:pk>/as-sent/", mail.mail_as_sent, name="mail_as_sent"),
    path("mail/<uuid:pk>/retry/", mail.mail_retry, name="mail_retry"),
    path("sending/start/", sending.sending_start, name="sending_start"),
    path("webhooks/", webhook.webhook_list, name="webhook_list"),
    path("webhooks/new/", webhook.webhook_create, name="webhook_create"),
    path("webhooks/<int:pk>/", webhook.webhook_detail, name="webhook_detail"),
    path("webhooks/<int:pk>/edit/", webhook.webhook_edit, name="webhook_edit"),
    path("webhooks/<int:pk>/secret/", webhook.webhook_secret, name="webhook_secret"),
    path("webhooks/<int:pk>/test/", webhook.webhook_test, name="webhook_test"),
    path("webhooks/<int:pk>/replay/", webhook.webhook_replay, name="webhook_replay"),
]

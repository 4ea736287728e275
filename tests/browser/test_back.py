"""Who goes back to a form that created something and sends it again comes to the same object."""

from incidents.models import Incident


def test_back_and_declare_again_leads_to_the_same_incident(sign_in):
    page = sign_in("ana")
    before = Incident.objects.count()
    page.goto("/incidents/")
    page.goto("/incidents/new/")
    page.fill("[name=title]", "Scores are wrong")
    page.select_option("[name=severity]", index=1)
    page.click("main form .button-primary")
    page.wait_for_url("**/incidents/I-*/")
    first = page.url

    page.go_back()
    page.wait_for_url("**/incidents/new/")
    page.fill("[name=title]", "Scores are wrong")
    page.select_option("[name=severity]", index=1)
    page.click("main form .button-primary")
    page.wait_for_url("**/incidents/I-*/")

    assert page.url == first
    assert Incident.objects.count() == before + 1

"""The form of a threshold shows the fields of its kind; the charts of a dashboard move and zoom together."""

from signals.models import Series


def test_the_form_of_a_threshold_shows_the_fields_of_its_kind(sign_in):
    page = sign_in("ana")
    page.goto(f"/signals/series/{Series.objects.order_by('pk')[0].pk}/propose/")
    own = {
        "limit": {"direction"},
        "range": {"warning_low", "critical_low", "clear_low"},
        "count": {"direction", "needed", "among"},
        "change": {"direction", "window_hours"},
        "silence": set(),
    }
    names = set().union(*own.values())

    for kind, wanted in own.items():
        page.select_option("[name=kind]", kind)

        assert {name for name in names if page.is_visible(f"[name={name}]")} == wanted


def test_the_charts_of_a_dashboard_move_and_zoom_together(sign_in):
    page = sign_in("ana", viewport={"width": 1280, "height": 900})
    page.goto("/signals/dashboards/model/credit-pd/")
    plots = page.locator(".chart-plot")
    place = plots.first.bounding_box()
    page.mouse.move(place["x"] + 60, place["y"] + 60)

    page.wait_for_function("() => document.querySelectorAll('.chart-tip:not([hidden])').length > 1")
    assert page.locator(".chart-tip:not([hidden])").count() == plots.count()

    page.mouse.down()
    page.mouse.move(place["x"] + 200, place["y"] + 60, steps=5)
    page.mouse.up()

    page.wait_for_url("**/credit-pd/?from=*&until=*")
    page.locator(".chart-plot").first.focus()
    page.keyboard.press("-")
    page.wait_for_function("before => location.href !== before", arg=page.url)


def test_the_controls_above_a_dashboard_have_one_height(sign_in):
    page = sign_in("ana", viewport={"width": 1280, "height": 900})
    page.goto("/signals/dashboards/model/credit-pd/")

    controls = page.locator(".row.no-print > :is(nav, a), .row.no-print > details > summary")
    boxes = [one.bounding_box() for one in controls.all()]

    assert len(boxes) > 3
    assert {round(box["height"]) for box in boxes} == {32}
    assert len({round(box["y"]) for box in boxes}) == 1

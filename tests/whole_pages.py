"""The page of an object together with the panels that a second request loads."""

import re


def whole_page(client, url: str) -> str:
    """Return the HTML of a page, followed by that of its later panels, as a browser shows them."""
    page = client.get(url).content.decode()
    later = re.search(r'hx-get="(/panels/\d+/)"', page)
    if not later:
        return page
    panels = client.get(later[1], headers={"HX-Request": "true"})
    assert panels.status_code == 200, (later[1], panels.status_code)
    return page + panels.content.decode()

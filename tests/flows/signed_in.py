"""A person at a browser, for the stories."""


class Browser:
    """A signed-in person who reads a page, then sends one of its forms."""

    def __init__(self, client_class, person):
        self.client = client_class()
        self.client.force_login(person)

    def read(self, address):
        answer = self.client.get(address)
        assert answer.status_code == 200, address
        return answer.content.decode()

    def send(self, page, action, **values):
        text = self.read(page)
        if 'name="once"' in text:
            values.setdefault("once", text.split('name="once" value="')[1].split('"')[0])
        answer = self.client.post(action, values)
        assert answer.status_code in (302, 303), answer.content.decode()[:2000]
        return answer.headers["Location"]

"""Answers of a real MLflow (3.17.2) that were saved, served page by page as its REST API does."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_SAVED = Path(__file__).with_name("mlflow")


class SavedRegistry:
    """The saved registry behind a sink. models, versions: its rows, which a test may change."""

    def __init__(self, sink) -> None:
        self.models = _saved("registered-models_search")["registered_models"]
        self.versions = _saved("model-versions_search")["model_versions"]
        self.run = _saved("runs_get")
        self.page, self.status = 100, 200
        self.sink, sink.answer = sink, self._answer

    def _answer(self, got):
        address = urlsplit(got.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        path = address.path.removeprefix("/api/2.0/mlflow/")
        if self.status != 200:
            return self.status, {}, b'{"error_code": "PERMISSION_DENIED"}'
        if path == "runs/get":
            body = self.run
        elif path == "registered-models/search":
            body = self._page("registered_models", self.models, asked)
        else:
            body = self._page("model_versions", self.versions, asked)
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()

    def _page(self, name, rows, asked):
        begin, size = int(asked.get("page_token", 0)), min(int(asked["max_results"]), self.page)
        more = {"next_page_token": str(begin + size)} if begin + size < len(rows) else {}
        return {name: rows[begin : begin + size], **more}

    def version(self, model, number):
        return next(row for row in self.versions if (row["name"], row["version"]) == (model, number))

    def set_aliases(self, model, aliases):
        row = next(row for row in self.models if row["name"] == model)
        row["aliases"] = [{"alias": alias, "version": number} for alias, number in aliases.items()]


def _saved(name):
    return json.loads((_SAVED / f"{name}.json").read_text("utf-8"))

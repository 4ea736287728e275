"""Where the content of attached files is stored: a folder, or a bucket of an S3-compatible service."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_EXAMPLE = "s3://KEY:SECRET@s3.example.org/bucket/folder?region=eu-central-1"


def storage(url: str, home: Path) -> dict[str, Any]:
    """Return the entry of Django's STORAGES for a RISKHUB_FILES_URL; "" is the folder home/files.

    s3://KEY:SECRET@host:port/bucket/folder?region=…&tls=0. The folder, the region and tls are optional.
    Without a key boto3 finds the credentials, such as those of the machine. Raises SystemExit for another
    URL.
    """
    if not url:
        options = {
            "location": home / "files",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        }
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    parts = urlsplit(url)
    bucket, _, folder = parts.path.strip("/").partition("/")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme != "s3" or not parts.hostname or not bucket or set(query) - {"region", "tls"}:
        raise SystemExit(f"riskhub: RISKHUB_FILES_URL cannot be read. Write it as {_EXAMPLE}")
    port = f":{parts.port}" if parts.port else ""
    scheme = "http" if query.get("tls") == "0" else "https"
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "endpoint_url": f"{scheme}://{parts.hostname}{port}",
            "bucket_name": bucket,
            "location": folder,
            "region_name": query.get("region"),
            "access_key": unquote(parts.username) if parts.username else None,
            "secret_key": unquote(parts.password) if parts.password else None,
            "default_acl": None,  # as the bucket has it
            "file_overwrite": False,
            "object_parameters": {"ContentType": "application/octet-stream"},
        },
    }

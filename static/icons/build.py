"""Build sprite.svg from a folder of Tabler outline icons.

    python static/icons/build.py FOLDER_WITH_THE_OUTLINE_SVGS

One file of <symbol>s is used instead of an icon font or inline shapes: it works under the strict
content security policy, is cached for good, and a page pays for an icon only once.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "3.51.0"


def symbol(name, text):
    found = re.search(r"<svg[^>]*>(.*)</svg>", text, re.S)
    assert found, f"{name} is no SVG"
    body = found.group(1)
    body = re.sub(r'<path stroke="none"[^>]*/>', "", body)
    body = re.sub(r"\s+", " ", body).strip().replace("> <", "><").replace(" />", "/>")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'


def main(folder):
    names = sorted(set((HERE / "names.txt").read_text().split()))
    missing = [name for name in names if not (folder / f"{name}.svg").exists()]
    if missing:
        sys.exit(f"Not in this icon set: {', '.join(missing)}")
    symbols = "".join(symbol(name, (folder / f"{name}.svg").read_text()) for name in names)
    note = f"<!-- Tabler Icons {VERSION}, MIT, see LICENSE.tabler.txt -->"
    (HERE / "sprite.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{note}{symbols}</svg>\n')
    sys.stdout.write(f"{len(names)} icons\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

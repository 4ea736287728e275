"""Build the fonts of the pages from the files of Inter 4.1 that Fontsource publishes.

    pip install fonttools brotli
    python static/fonts/build_fonts.py FOLDER_WITH_THE_WOFF2_FILES

The pages use weights from 400 to 700 and no fractions, so the other weights and features are removed. A cold
page then loads a third less. The licence (LICENSE.inter.txt) allows it and reserves no name.
"""

import sys
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

HERE = Path(__file__).resolve().parent
NAMES = ("inter-latin-wght-normal.woff2", "inter-latin-ext-wght-normal.woff2")
WEIGHTS = (400, 700)
FEATURES = ["calt", "ccmp", "kern", "locl", "mark", "mkmk", "tnum"]


def smaller(source: Path) -> TTFont:
    """Return the font with the weights and features of the pages, and all its characters."""
    font = _reread(instancer.instantiateVariableFont(TTFont(source), {"wght": WEIGHTS}))
    options = subset.Options(layout_features=FEATURES, name_IDs=["*"], notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=font.getBestCmap())
    subsetter.subset(font)
    font.flavor = "woff2"
    return font


def _reread(font: TTFont) -> TTFont:
    """Return the font as it is read from a file: the subsetter cannot work on a font that was changed."""
    file = BytesIO()
    font.save(file)
    return TTFont(file)


def main(folder: Path) -> None:
    for name in NAMES:
        smaller(folder / name).save(HERE / name)
        sys.stdout.write(f"{name}: {(HERE / name).stat().st_size} bytes\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

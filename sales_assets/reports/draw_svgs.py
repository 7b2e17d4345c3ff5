"""Draws charts as SVG in a process of its own, which ends: once V8 has drawn, it keeps 90 MB.

`drawings.py` runs it as a file. It imports nothing of the package, so that it starts at once.
"""

import json
import sys

import vl_convert

if __name__ == "__main__":
    json.dump([vl_convert.vegalite_to_svg(chart) for chart in json.load(sys.stdin)], sys.stdout)

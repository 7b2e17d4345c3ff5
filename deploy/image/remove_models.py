"""Removes the models of Kubernetes' client that none of its APIs needs: remove_models.py SITE_PACKAGES.

Which APIs it has is said in `remove_unused.sh`. A word that is a model's name keeps it: rather too many stay.
"""

import re
import sys
from pathlib import Path

client = Path(sys.argv[1]) / "kubernetes/client"
files = {}
for file in (client / "models").glob("*.py"):
    if named := re.search(r"^class (\w+)", file.read_text(), re.MULTILINE):
        files[named[1]] = file
todo, kept = list((client / "api").glob("*_api.py")), set()
while todo:
    names = set(re.findall(r"\w+", todo.pop().read_text())) & files.keys() - kept
    kept |= names
    todo += [files[name] for name in names]
for name in files.keys() - kept:
    files[name].unlink()
for index in (client / "__init__.py", client / "models/__init__.py"):
    imports = re.compile(r"^from .*\.models\.\w+ import (\w+).*\n", re.MULTILINE)
    index.write_text(imports.sub(lambda line: line[0] if line[1] in kept else "", index.read_text()))

#!/usr/bin/env bash
# Build the wheel, install it where the sources cannot be seen, and run the smoke tests against it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
source=$PWD

"$source/.venv/bin/python" -m build --outdir "$folder/dist" "$source" >"$folder/build.log" || {
    cat "$folder/build.log"
    exit 1
}
# Every file of the package is in the wheel, and nothing else.
"$source/.venv/bin/python" - "$folder"/dist/*.whl <<'PYTHON'
import sys
from pathlib import Path
from zipfile import ZipFile

package = Path("mig_audit")
folders = (package, package / "modules", package / "schemas")
tree = {str(path) for folder in folders for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
wheel = {name for name in ZipFile(sys.argv[1]).namelist() if ".dist-info/" not in name}
if tree != wheel:
    sys.exit(f"only in the tree: {sorted(tree - wheel)}; only in the wheel: {sorted(wheel - tree)}")
PYTHON
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$folder"/dist/*.whl \
    pytest pytest-timeout pytest-mock hypothesis "backports.zstd; python_version < '3.14'"
cp -r "$source/tests" "$folder/tests"
# The documents are no sources, and some tests compare with them.
cp -r "$source/docs" "$source/README.md" "$source/pyproject.toml" "$source/params.example.json" "$folder/"
cd "$folder"
# What is about the sources has nothing to look at here.
"$folder/venv/bin/python" -m pytest -m smoke --ignore tests/test_docs.py --ignore tests/tools

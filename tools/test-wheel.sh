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
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$folder"/dist/*.whl \
    pytest pytest-timeout pytest-mock hypothesis
cp -r "$source/tests" "$folder/tests"
cp "$source/pyproject.toml" "$source/params.example.json" "$folder/"
cd "$folder"
"$folder/venv/bin/python" -m pytest -m smoke

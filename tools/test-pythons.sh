#!/bin/sh
# Run the tests that need no kernel on every supported Python found on PATH or under pyenv.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tried=""
for minor in 9 10 12 13 14; do
    python=$(command -v "python3.$minor" || true)
    if [ -z "$python" ] || ! "$python" -c 'import venv' 2>/dev/null; then
        for candidate in "$HOME/.pyenv/versions/3.$minor".*/bin/python3; do
            [ -x "$candidate" ] && python=$candidate
        done
    fi
    if [ -z "$python" ] || ! "$python" -c 'import venv' 2>/dev/null; then
        echo "test-pythons: Python 3.$minor is not installed here, left out"
        continue
    fi
    "$python" -m venv "$folder/3.$minor"
    "$folder/3.$minor/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
    "$folder/3.$minor/bin/python" -m pip install --quiet --disable-pip-version-check --editable . --group test
    "$folder/3.$minor/bin/python" -m pytest -q -n auto -m 'not kernel and not guest and not corpus and not exhaustive' \
        -p no:cacheprovider
    tried="$tried 3.$minor"
    # Wheels of the oldest packages that will do are there for this one.
    [ "$minor" = 9 ] || continue
    "$python" -m venv "$folder/oldest"
    "$folder/oldest/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
    "$folder/oldest/bin/python" -m pip install --quiet --disable-pip-version-check --editable . \
        jsonschema==3.2.0 requests==2.25.1 psutil==5.8.0 pytest pytest-mock pytest-timeout hypothesis fastjsonschema
    "$folder/oldest/bin/python" -m pytest -q -m 'not kernel' -p no:cacheprovider \
        tests/mig_audit tests/smoke tests/modules/audit/sinks --ignore tests/mig_audit/test_validation.py
    tried="$tried 3.$minor with the oldest packages"
done
echo "test-pythons: passed on${tried:- no other Python}"

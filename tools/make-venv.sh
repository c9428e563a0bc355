#!/bin/sh
# Make a virtual environment with the project and all it is developed with: make-venv.sh PYTHON FOLDER
set -eu
python=$1
folder=$2

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian keeps venv in a package of its own.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3-venv
    else
        echo "make-venv: $python cannot make virtual environments: install python3-venv first" >&2
        exit 1
    fi
fi
[ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
# Dependency groups need a newer pip than Debian 12 has.
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --editable . \
    --group test --group lint --group build

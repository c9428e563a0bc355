#!/bin/sh
# Install the programs that the tests compare with. Their services are not started: only the tests start them.
set -eu
packages="auditd python3-audit nginx-light openssl rsyslog user-mode-linux"

missing=""
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
# A reader of GELF, which is a program for node; where node is from elsewhere, npm comes with it.
graygelf=/usr/local/lib/mig-audit-test-tools
[ -e "$graygelf/node_modules/graygelf" ] || command -v npm >/dev/null || missing="$missing nodejs npm"
if [ -z "$missing" ] && [ -e "$graygelf/node_modules/graygelf" ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "install-test-tools: run as root, or install:$missing graygelf" >&2
    exit 1
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
if [ -n "$missing" ]; then
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
fi
npm install --silent --no-audit --no-fund --omit=optional --ignore-scripts --prefix "$graygelf" graygelf@2.0.0

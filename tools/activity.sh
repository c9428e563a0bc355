#!/bin/sh
# Something for an example window to see on an idle host: a few harmless commands, a second apart.
cd /
for _ in 1 2 3 4 5 6; do
    sleep 1
    id >/dev/null
    ls / >/dev/null
    getent passwd root >/dev/null
done

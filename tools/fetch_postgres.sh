#!/usr/bin/env bash
# Installs PostgreSQL where it is missing, for the tests of `stimctl sync`, which start a server of
# their own. Never an error: where it cannot be had, those tests are skipped and say so.
set -u
for found in /usr/lib/postgresql/*/bin/initdb "$(command -v initdb)"; do [ -x "$found" ] && exit 0; done
command -v apt-get >/dev/null || exit 0
root=(); [ "$(id -u)" = 0 ] || root=(sudo -n)
apt() { timeout "$1" "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "${@:2}" >/dev/null 2>&1; }
apt 120 install -y postgresql || { apt 60 update && apt 120 install -y postgresql; } ||
  echo "PostgreSQL could not be installed; by hand: sudo apt-get install -y postgresql" >&2
exit 0

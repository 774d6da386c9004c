#!/usr/bin/env bash
# Prints the path of a CPython of the version asked for, e.g. `tools/fetch_python.sh 3.14`.
# Looks on PATH, then in the cache, then unpacks the interpreter of a newer Debian, with the C
# library it was built for, into the cache: nothing of the system changes. Exit 1 where none is had.
set -euo pipefail
version=${1:?which version, such as 3.14}
suite=${DEBIAN_SUITE:-forky}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stimctl/python-$version-$suite
interpreter=$cache/usr/bin/python$version

runs() { "$1" -c "import ssl, sqlite3, ctypes, lzma, sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; }

if found=$(command -v "python$version") && runs "$found"; then echo "$found"; exit 0; fi
if [ -x "$interpreter" ] && runs "$interpreter"; then echo "$interpreter"; exit 0; fi

sources=/etc/apt/sources.list.d/debian.sources
if ! command -v apt-get >/dev/null || [ ! -r "$sources" ]; then
  echo "no python$version on PATH, and this is not a Debian to fetch one with" >&2; exit 1
fi
if ! command -v patchelf >/dev/null; then
  { apt-get -qq update && apt-get -qq install -y patchelf; } >/dev/null 2>&1 ||
    { echo "patchelf is missing; on Debian and Ubuntu: sudo apt-get install patchelf" >&2; exit 1; }
fi

work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{sources,lists/partial,debs,root} "$work"/cache/archives/partial
# The same mirror and key as the system's own, another release.
awk -v suite="$suite" '/^Suites:/ {print "Suites: " suite; next} /^$/ {exit} {print}' "$sources" \
  >"$work/sources/newer.sources"
apt=(-qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources"
  -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root)
{
  apt-get "${apt[@]}" update
  cd "$work/debs"
  apt-get "${apt[@]}" download "python$version" "python$version-minimal" "python$version-venv" \
    "libpython$version-stdlib" "libpython$version-minimal" python3-pip-whl python3-setuptools-whl \
    libc6 libgcc-s1 libssl3t64 libffi8 libsqlite3-0 zlib1g libbz2-1.0 liblzma5 libzstd1 \
    libreadline8t64 libncursesw6 libtinfo6 libexpat1 libuuid1 tzdata
  for deb in ./*.deb; do dpkg-deb -x "$deb" "$work/root"; done
} >&2 || { echo "Debian $suite has no python$version that can be fetched" >&2; exit 1; }

mkdir -p "$(dirname "$cache")"
rm -rf "$cache"; mv "$work/root" "$cache"
libraries=$(dirname "$(find "$cache/usr/lib" -name 'ld-linux*.so.*' | head -n 1)")
patchelf --set-interpreter "$(echo "$libraries"/ld-linux*.so.*)" --force-rpath --set-rpath "$libraries" \
  "$interpreter"
# Debian's ensurepip takes pip from a folder of the system's.
grep -rlF "'/usr/share/python-wheels" "$cache/usr/lib/python$version" --include='_sysconfig*.py' |
  xargs sed -i "s#'/usr/share/python-wheels#'$cache/usr/share/python-wheels#"
runs "$interpreter" || { echo "python$version was fetched and does not run" >&2; exit 1; }
echo "$interpreter"

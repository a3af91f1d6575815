#!/usr/bin/env bash
# Installs what is missing of the Debian packages listed in the given files (default: packages.txt beside this script).
# Does nothing, and touches no network, where all of them are there.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [ $# -eq 0 ]; then
  set -- "$here/packages.txt"
fi

wanted=()
while read -r name; do
  case $name in
    '' | '#'*) ;;
    *) wanted+=("$name") ;;
  esac
done < <(cat "$@")

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
  {
    echo "install-packages: this is not Debian (no dpkg-query or apt-get), so nothing was installed."
    echo "install-packages: install what gives you these Debian 12 packages, then run cmake yourself (CONTRIBUTING.md):"
    printf '  %s\n' "${wanted[@]}"
  } >&2
  exit 1
fi

missing=()
for name in "${wanted[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null || true)
  if [ "$state" != installed ]; then
    missing+=("$name")
  fi
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    {
      echo "install-packages: packages are missing, and this is neither root nor is there sudo. As root, run:"
      echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    } >&2
    exit 1
  fi
  as_root=(sudo)
fi

install_missing() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update < /dev/null &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install \
      "${missing[@]}" < /dev/null
}

echo "install-packages: installing ${missing[*]}" >&2
if ! install_missing >&2; then
  echo "install-packages: that failed; once more in 10 seconds" >&2
  sleep 10
  if ! install_missing >&2; then
    echo "install-packages: apt-get could not install: ${missing[*]}" >&2
    echo "install-packages: the package list is that of Debian 12; see above for apt-get's own words" >&2
    exit 1
  fi
fi

#!/bin/sh
# Installs the browser that the tests of the report page drive, with Debian's package, where that is possible: for
# machines that are thrown away. Never fails: without it the tests are skipped, and say so.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "install_chromium.sh: not root, or no apt-get; missing: chromium" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# A list of packages that is out of date is better than none.
apt-get -qq update >/dev/null || true
apt-get -qq install --yes --no-install-recommends -o Dpkg::Use-Pty=0 chromium >/dev/null \
    || echo "install_chromium.sh: apt-get could not install chromium" >&2
exit 0

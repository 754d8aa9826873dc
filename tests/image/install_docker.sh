#!/bin/sh
# Installs what `make image-test` needs, with Debian's packages, where that is possible: for machines that are thrown
# away. Never fails: without it the test is skipped, and says what is missing.
missing=""
command -v docker >/dev/null && command -v dockerd >/dev/null || missing="docker.io"
command -v debootstrap >/dev/null || missing="$missing debootstrap"
# With them debootstrap checks that packages are Debian's.
command -v gpgv >/dev/null || missing="$missing gpgv"
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "install_docker.sh: not root, or no apt-get; missing: $missing" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# A list of packages that is out of date is better than none.
apt-get -qq update >/dev/null || true
# shellcheck disable=SC2086
apt-get -qq install --yes --no-install-recommends -o Dpkg::Use-Pty=0 $missing >/dev/null \
    || echo "install_docker.sh: apt-get could not install: $missing" >&2
exit 0

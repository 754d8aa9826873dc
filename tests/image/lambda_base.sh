#!/bin/bash
# Makes a stand-in for AWS's Lambda base image where that cannot be pulled, and prints its name. It is made from Debian
# trixie, whose Python is 3.13 as in AWS's image. Needs root, debootstrap, Debian's keys and a Docker daemon on this
# machine. Made once for each version of these files.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
work="$here/../../build/lambda_base"
name="lambda-base:$(cat "$here"/lambda_base.* | sha256sum | cut -c-12)"
if docker image inspect "$name" >/dev/null 2>&1; then
    echo "$name"
    exit
fi

clean() { rm -rf --one-file-system "$work"; }
trap clean EXIT
clean
mkdir -p "$work/context"
# On Debian, packages come from where this machine has its own: the mirror of one release serves the others too.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' \
    'Component: main' 2>/dev/null | head -n 1) || mirror=""
# In a mount namespace of its own, so that nothing stays mounted whatever happens.
# Without --force-check-gpg debootstrap would go on unchecked where it has no keys.
unshare --mount debootstrap --variant=minbase --include=ca-certificates,python3,python3-pip,python-is-python3 \
    --force-check-gpg --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    trixie "$work/root" ${mirror:+"$mirror"} >"$work.log" 2>&1 || { tail -n 20 "$work.log" >&2; exit 1; }
# The registries may be behind a certificate that only this machine knows.
cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/"
tar --create --directory "$work/root" --exclude=./var/cache/apt/* --exclude=./var/lib/apt/lists/* \
    --exclude=./usr/share/{doc,man,locale}/* . | docker import - "$name-debian" >/dev/null
cp "$here"/lambda_base.{lock,Dockerfile,entrypoint} "$work/context/"
docker build --quiet --network host --build-arg DEBIAN="$name-debian" --file "$work/context/lambda_base.Dockerfile" \
    --tag "$name" "$work/context" >&2
echo "$name"

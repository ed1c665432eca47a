#!/usr/bin/env bash
# usage: images.sh [OPTIONS OF docker build]     builds tally/ingest, ackresponder, queryapi and simulator:0.1.0
#        images.sh pin                           adds to the images of images.env the digests that their registries have today
# With docker, or podman where that is what there is. Both can be run again.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=0.1.0

fail() {
  echo "$1" >&2
  exit 3
}

if command -v docker >/dev/null; then engine=(docker) build=(docker build)
elif command -v podman >/dev/null; then engine=(podman) build=(podman build --format docker) # OCI's own format has no health check
else fail "A container engine is needed, and there is neither docker nor podman on PATH."
fi

# Where each is named whole: images.env, Dockerfile, compose.yaml, manifests.
pin() {
  local line image name digest files
  while read -r line; do
    image=${line#*=} name=${line#*=}
    name=${name%@*}
    "${engine[@]}" pull --quiet "$name" >/dev/null || fail "$name cannot be pulled; nothing more was pinned."
    digest=$("${engine[@]}" image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$name" | sed -n 's/.*@//p' | head -n 1)
    [ -n "$digest" ] || fail "$name has no digest: it was built here and not pulled."
    mapfile -t files < <(git grep --files-with-matches --fixed-strings "$image" -- images.env Dockerfile compose.yaml k8s)
    sed -i "s|$image|$name@$digest|g" "${files[@]}"
    echo "$name@$digest"
  done < <(grep '^[A-Z_]*=' images.env)
}

if [ "${1-}" = pin ]; then
  pin
  exit
fi

"${engine[@]}" version >/dev/null 2>&1 || fail "${engine[0]} is there and does not answer: ${engine[0]} version"
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
for image in Ingest:ingest AckResponder:ackresponder QueryApi:queryapi SensorSimulator:simulator; do
  echo "Building tally/${image#*:}:$version"
  "${build[@]}" --tag "tally/${image#*:}:$version" --build-arg "SERVICE=${image%:*}" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" "$@" .
done

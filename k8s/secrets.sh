#!/bin/sh
# usage: secrets.sh OVERLAY
# Makes the secrets of an overlay, at random, in its directory secrets/made, which git ignores; from there `kubectl apply -k` takes them.
# What is there already stays, so it can be run again, and a value of one's own can be written into the files before or after.
set -eu

fail() {
  echo "secrets.sh: $1" >&2
  exit 2
}

here=$(cd "$(dirname "$0")" && pwd)
[ $# = 1 ] || fail "usage: secrets.sh OVERLAY, one of: $(cd "$here/overlays" && echo *)"
secrets=$here/overlays/$1/secrets
[ -d "$secrets" ] || fail "'$1' is no overlay: expected one of: $(cd "$here/overlays" && echo *)"

umask 077
made=$secrets/made
mkdir -p "$made"

# 32 hexadecimal digits, 128 bits: nothing in them has to be quoted anywhere.
random() {
  od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# A random value for each key that has none, in the order and with the fixed values of unset/.
for names in "$secrets"/unset/*.env; do
  file=$made/${names##*/}
  [ ! -e "$file" ] || continue
  while IFS='=' read -r key value; do
    echo "$key=${value:-$(random)}"
  done <"$names" >"$file.new"
  mv "$file.new" "$file"
  echo "made ${file#"$PWD"/}"
done

# Where the overlay wants TLS: an authority of our own and the broker's certificate by it, unless certificates are there already.
if [ -e "$secrets/unset/tls.yaml" ] && [ ! -e "$made/tls/tls.crt" ]; then
  command -v openssl >/dev/null || fail "openssl is missing, which makes the certificates: install it, or put ca.crt, tls.crt and tls.key into $made/tls."
  mkdir -p "$made/tls" "$made/authority"
  said=$made/authority/openssl.log
  quietly() {
    openssl "$@" >"$said" 2>&1 || fail "openssl $1 failed: $(tail -n 1 "$said") ($said)"
  }
  quietly req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=Tally broker authority" \
    -keyout "$made/authority/ca.key" -out "$made/tls/ca.crt"
  names=DNS:mosquitto,DNS:mosquitto.tally,DNS:mosquitto.tally.svc,DNS:mosquitto.tally.svc.cluster.local
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$names" >"$made/authority/extensions"
  quietly req -newkey rsa:3072 -nodes -subj "/CN=mosquitto" -keyout "$made/tls/tls.key" -out "$made/authority/request"
  quietly x509 -req -in "$made/authority/request" -CA "$made/tls/ca.crt" -CAkey "$made/authority/ca.key" -CAcreateserial \
    -days 825 -extfile "$made/authority/extensions" -out "$made/tls/tls.crt"
  echo "made ${made#"$PWD"/}/tls, good for 825 days"
fi

# As manifests, because Kustomize breaks the lines of what is long in a Secret, and not every reader takes that. Written each time: after a
# renewal, put the new files into made/tls and run this again.
manifest() {
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\nstringData:\n' "$1"
  shift
  for file; do
    printf '  %s: |\n' "${file##*/}"
    sed 's/^/    /' "$file"
  done
}
if [ -e "$secrets/unset/tls.yaml" ]; then
  {
    manifest mosquitto-tls "$made/tls/tls.crt" "$made/tls/tls.key"
    manifest broker-authority "$made/tls/ca.crt"
  } >"$made/tls.yaml"
fi

# A copy of the clone that followed links has a directory here, of keys without values.
[ -L "$secrets/values" ] || rm -rf "$secrets/values"
ln -sfn made "$secrets/values"
# The link is in git, what it points at is not: a commit of the changed link would leave every other clone without values.
if git -C "$secrets" ls-files --error-unmatch values >/dev/null 2>&1; then
  git -C "$secrets" update-index --skip-worktree values
fi

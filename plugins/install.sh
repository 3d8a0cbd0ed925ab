#!/bin/sh
# Installs plugins into a running server: stores their source under /lib, then activates them. --help says how.
set -u
export LC_ALL=C

usage() {
  cat <<'EOF'
usage: plugins/install.sh NAME...
       plugins/install.sh primitives [--with-semantic]

Stores NAME.ts, which lies beside this script, as /lib/NAME and activates it. What was there before is replaced.
"primitives" stands for gpu fstab db fanout; --with-semantic adds semantic to them.

ELASTIK_HOST           the server's URL, host:port, or the address that it listens on (default 127.0.0.1); what names no
                       port has that of ELASTIK_PORT (default 3005), but for a URL
ELASTIK_APPROVE_TOKEN  the operator's token (T3), which activates
ELASTIK_TOKEN          the user's token (T2), which stores; without it none is sent (open mode)
EOF
}

die() {
  printf 'install: %s\n' "$1" >&2
  exit 1
}

# base_url: where the server is. An address that means "all of them" is one to listen on, not to connect to.
base_url() {
  host=$(printf '%s' "${ELASTIK_HOST:-127.0.0.1}" | tr -d '\r\n' | sed 's#/*$##')
  port=${ELASTIK_PORT:-3005}
  case $host in
    *://*) printf '%s' "$host" && return ;;
    \[*\]) ;;
    \[*\]:*) port=${host##*:} && host=${host%:*} ;;
    *:*:*) host="[$host]" ;;
    *:*) port=${host#*:} && host=${host%%:*} ;;
  esac
  case $host in
    0.0.0.0) host=127.0.0.1 ;;
    '[::]') host='[::1]' ;;
  esac
  printf 'http://%s:%s' "$host" "$port"
}

# send TOKEN PATH DATA: a PUT; sets status and body. The token goes to curl's standard input: its command line shows in
# everyone's ps. To this machine it goes without a proxy, whatever the environment says.
send() {
  token=$(printf '%s' "$1" | tr -d '\r\n' | sed 's/[\\"]/\\&/g')
  answer=$(
    printf '%s' "${token:+header = \"Authorization: Bearer $token\"}" |
      curl --config - --silent --show-error --globoff --connect-timeout 5 --max-time 60 \
        --noproxy "localhost,127.0.0.1,::1,${no_proxy:-${NO_PROXY:-}}" \
        --request PUT --header 'Accept: text/plain' --data-binary "$3" --write-out '\n%{http_code}' --url "$base$2"
  ) || die "no answer from $base"
  status=${answer##*"$nl"}
  body=$(printf '%s' "${answer%"$nl"*}" | tr -d '\000-\010\013-\037\177')
}

install_one() {
  send "${ELASTIK_TOKEN:-}" "/lib/$1" "@$here/$1.ts"
  case $status in
    200 | 201) ;;
    *) die "$1 could not be stored: $status $body" ;;
  esac
  send "$ELASTIK_APPROVE_TOKEN" "/lib/$1/state" active
  case $status in
    200) printf '%s is active\n' "$1" ;;
    *) die "$1 is stored and could not be activated: $status $body" ;;
  esac
}

nl='
'
names=
primitives=no
semantic=no
for argument in "$@"; do
  case $argument in
    -h | --help) usage && exit 0 ;;
    --with-semantic) semantic=yes ;;
    primitives) primitives=yes && names="$names gpu fstab db fanout" ;;
    -* | '' | *[!A-Za-z0-9_-]*) die "\"$argument\" is no name of a plugin; see --help" ;;
    *) names="$names $argument" ;;
  esac
done
if [ "$semantic" = yes ]; then
  [ "$primitives" = yes ] || die "--with-semantic goes with primitives; see --help"
  names="$names semantic"
fi
if [ -z "$names" ]; then
  usage >&2
  exit 2
fi

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || die "cannot find the directory of this script"
for name in $names; do
  [ -f "$here/$name.ts" ] || die "there is no plugin $name beside this script"
done
command -v curl >/dev/null 2>&1 || die "curl is not installed"
[ -n "${ELASTIK_APPROVE_TOKEN:-}" ] ||
  die "ELASTIK_APPROVE_TOKEN is not set: only the operator's token activates (the server prints one when it has none)"

base=$(base_url)
for name in $names; do install_one "$name"; done

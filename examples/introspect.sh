#!/usr/bin/env bash
# Snapshot this machine into worlds: /home/env/{os,disk,memory,network,dns,processes,packages,languages}.
#
#   ELASTIK_TOKEN=your-t2-token bash examples/introspect.sh
#   curl localhost:3005/home/env/                    # list
#   curl "localhost:3005/home/env/processes?raw"     # read
#
# ELASTIK_HOST   the server's URL (default http://127.0.0.1:3005); a bare host or host:port will do
# ELASTIK_TOKEN  the T2 token; without it no Authorization header is sent (open mode)
#
# What is stored can be read by whoever may read /home: so no environment and no command-line arguments (argv), where
# secrets live. Edit `processes` if you want them, and accept that trade-off.
set -u
umask 077
export LC_ALL=C # one language, so that the snapshots of two machines can be compared
export PATH="$PATH:/usr/sbin:/sbin" # where Debian keeps ip and ifconfig out of a user's way

die() {
  printf 'introspect: %s\n' "$1" >&2
  exit 1
}

command -v curl >/dev/null 2>&1 || die "curl is not installed"

host=${ELASTIK_HOST:-http://127.0.0.1:3005}
case $host in
  *://*) ;;
  *:*) host="http://$host" ;;
  *) host="http://$host:${ELASTIK_PORT:-3005}" ;; # the server's own setting is a bare address
esac
host=${host%/}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/introspect.XXXXXX") || die "cannot make a temporary directory"
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# curl reads its headers from a 0600 file: on its command line the token would show in everyone's ps.
token=$(printf '%s' "${ELASTIK_TOKEN:-}" | tr -d '\r\n' | sed 's/[\\"]/\\&/g')
{
  printf '%s\n' silent show-error 'connect-timeout = 5' 'max-time = 60' 'header = "X-Meta-Author: introspect"'
  printf 'header = "X-Meta-Source: %s"\n' "$(uname -n | tr -cd 'A-Za-z0-9._-')"
  [ -z "$token" ] || printf 'header = "Authorization: Bearer %s"\n' "$token"
} >"$tmp/curlrc"

# run COMMAND...: its output under its own name. Fails in silence when the tool is missing or has nothing to say (a
# partial answer counts: df exits non-zero for one unreadable mount). A mount's userinfo is cut out of its source.
run() {
  command -v "$1" >/dev/null 2>&1 || return 1
  out=$("$@" 2>/dev/null </dev/null | sed 's#//[^/@ ]*@#//#g')
  [ -n "$out" ] && printf '$ %s\n%s\n\n' "$*" "$out"
}

# version TOOL [FLAG]: one line. Some tools answer on stderr; java would also recite JAVA_TOOL_OPTIONS from the
# environment; and macOS answers for tools it lacks with a dialogue that offers to install them.
version() {
  case $(command -v "$1") in
    "") return ;;
    /usr/bin/*) [ "$(uname)" != Darwin ] || xcode-select -p >/dev/null 2>&1 || return ;;
  esac
  out=$("$1" "${2:---version}" 2>&1 </dev/null) &&
    printf '%-8s %s\n' "$1" "$(printf '%s\n' "$out" | sed -n '/^Picked up/d;/./{p;q;}')"
}

os() { run uname -a; run cat /etc/os-release; run sw_vers; run uptime; }
disk() { run df -h; }
memory() { run free -h || run free || run cat /proc/meminfo; run vm_stat; run sysctl hw.memsize; }
network() { run hostname; run ip address || run ifconfig -a || run ifconfig; run ip route || run netstat -rn; }
dns() { run cat /etc/resolv.conf; run cat /run/systemd/resolve/resolv.conf; run scutil --dns; run cat /etc/hosts; }
# busybox knows neither -e nor %cpu; a bare `ps` is no fallback, for it shows arguments.
processes() { run ps -eo user,pid,pcpu,pmem,comm || run ps -o user,pid,comm; }
packages() { run dpkg-query -W; run rpm -qa; run apk info -v; run pacman -Q; run brew list --versions; }
languages() {
  cd / || return # a project's go.mod or rust-toolchain would make its tool download another version
  for tool in python3 node deno bun ruby php rustc gcc clang; do version "$tool"; done
  version perl -v; version lua -v; version go version; version java -version
}

# put NAME TOOLS: standard input becomes /home/env/NAME; when it is empty, a line names the TOOLS that were missed.
put() {
  body=$(cat)
  [ -n "$body" ] || body="nothing to report: none of these is installed or answers: $2"
  status=$(printf '%s\n' "$body" | curl --config "$tmp/curlrc" --request PUT --data-binary @- --output "$tmp/answer" \
    --write-out '%{http_code}' "$host/home/env/$1?ext=txt" 2>"$tmp/error") ||
    die "cannot reach $host: $(tr '\n' ' ' <"$tmp/error")"
  case $status in
    200 | 201) printf 'wrote /home/env/%s (%s)\n' "$1" "$status" ;;
    *) die "PUT /home/env/$1 was refused: $status $(head -c 300 "$tmp/answer" 2>/dev/null | tr '\n' ' ')" ;;
  esac
}

# The first failure ends it: a server that refuses one section refuses the rest.
os | put os "uname, sw_vers, uptime" || exit 1
disk | put disk "df" || exit 1
memory | put memory "free, vm_stat, sysctl" || exit 1
network | put network "hostname, ip, ifconfig, netstat" || exit 1
dns | put dns "resolv.conf, scutil" || exit 1
processes | put processes "ps" || exit 1
packages | put packages "dpkg, rpm, apk, pacman, brew" || exit 1
languages | put languages "python3, node, ruby, go, rustc, java, gcc, ..." || exit 1

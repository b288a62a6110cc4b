#!/bin/sh
# ping.sh - the kernel's ARP and ping against our port and ip.c, on net_tap and on a veth pair
# through net_af_packet, with the port's checksums and with our own.
#
#     tests/net/ping.sh BUILD_DIRECTORY      needs root; exit 77 without it
set -eu
[ "$(id -u)" = 0 ] || exit 77
responder=$1/tests/net/ping_responder
[ -n "${PENSTOCK_PING_INSIDE:-}" ] || PENSTOCK_PING_INSIDE=1 exec unshare -n "$0" "$1"
output=$(mktemp)
trap 'kill "$pid" 2>/dev/null || true; rm -f "$output"' EXIT
pid=

# name of the case, kernel's interface, our port, "none" for software checksums
try() {
	: >"$output"
	"$responder" "$3" 10.99.0.2/24 ${4:+"$4"} >"$output" 2>&1 &
	pid=$!
	for _ in $(seq 50); do
		grep -q ^ready "$output" && break
		sleep 0.1
	done
	grep -q ^ready "$output" || fail "$1" "the responder does not start"
	ip address replace 10.99.0.1/24 dev "$2"
	ip link set "$2" up
	ip neighbour flush dev "$2"
	ping -q -n -c 20 -i 0.02 -W 2 10.99.0.2 | grep -q ' 20 received' || fail "$1" "lost pings"
	ping -q -n -c 3 -i 0.02 -W 2 -s 1472 -M do 10.99.0.2 | grep -q ' 3 received' ||
		fail "$1" "lost pings of a full frame"
	kill -TERM "$pid"
	wait "$pid" || fail "$1" "the responder failed"
	grep -q '^in flight 0$' "$output" || fail "$1" "the packet ledger does not balance"
	answered=$(sed -n 's/^packets_answered //p' "$output")
	[ "$answered" -ge 24 ] || fail "$1" "answered $answered, not 23 pings and an ARP request"
	echo "ok $1: $(sed -n 's/^ready: //p' "$output")"
}

fail() {
	echo "not ok $1: $2"
	cat "$output"
	exit 1
}

ip link set lo up
try tap ptap0 net_tap0,iface=ptap0
try tap-software ptap0 net_tap0,iface=ptap0 none
ip link add pveth0 type veth peer name pveth1
for end in pveth0 pveth1; do
	ip link set "$end" up
	ethtool -K "$end" tx off gso off gro off tso off >/dev/null
done
try af_packet pveth0 net_af_packet0,iface=pveth1

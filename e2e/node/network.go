package node

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"nginx-exporter/e2e/process"
)

// Address is where the node's own processes listen; pods reach it over a bridge.
const Address = "10.244.0.1"

// probeMark is on packets of probes. Those of a kubelet come from the node of the
// pod, so that no policy of the network and no firewall stops them.
const probeMark = 1

// Hole is the table of routes for what is to get lost, as it does at a firewall.
const Hole = "99"

// PrepareNetwork makes the bridge. The network namespace that it is made in
// must be one without a link to anywhere.
func PrepareNetwork(ctx context.Context) error {
	return commands(
		ctx,
		"ip link set lo up",
		"ip link add cni0 type bridge",
		"ip addr add "+Address+"/16 dev cni0",
		"ip link set cni0 up",
		"ip link add hole type bridge",
		"ip link set hole arp off up",
		"ip route add default dev hole table "+Hole,
		fmt.Sprintf("ip rule add pref 10 fwmark %d lookup main", probeMark),
	)
}

// join makes a network for a pod: a loopback of its own, and an address on the bridge.
func join(ctx context.Context, name, address string) error {
	return commands(
		ctx,
		"ip netns add "+name,
		fmt.Sprintf("ip link add %s type veth peer name eth0 netns %s", name, name),
		fmt.Sprintf("ip link set %s master cni0 up", name),
		fmt.Sprintf("ip -n %s link set lo up", name),
		fmt.Sprintf("ip -n %s addr add %s/16 dev eth0", name, address),
		fmt.Sprintf("ip -n %s link set eth0 up", name),
	)
}

// leave removes it.
func leave(ctx context.Context, name string) error {
	return commands(ctx, "ip netns del "+name)
}

func commands(ctx context.Context, all ...string) error {
	for _, line := range all {
		words := strings.Fields(line)
		if _, err := process.Output(exec.CommandContext(ctx, words[0], words[1:]...)); err != nil {
			return err
		}
	}
	return nil
}

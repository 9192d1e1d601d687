package node

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"nginx-exporter/e2e/process"
)

// Address is that of the node, which pods reach over a bridge.
const Address = "10.244.0.1"

// probeMark marks packets of probes. A kubelet sends them from the node of the pod,
// so that NetworkPolicies and firewalls do not drop them.
const probeMark = 1

// DropTable is the routing table for packets to be dropped.
const DropTable = "99"

// PrepareNetwork creates the bridge, in a network namespace that has no other
// links.
func PrepareNetwork(ctx context.Context) error {
	return commands(
		ctx,
		"ip link set lo up",
		"ip link add cni0 type bridge",
		"ip addr add "+Address+"/16 dev cni0",
		"ip link set cni0 up",
		"ip link add hole type bridge",
		"ip link set hole arp off up",
		"ip route add default dev hole table "+DropTable,
		fmt.Sprintf("ip rule add pref 10 fwmark %d lookup main", probeMark),
	)
}

// joinNetwork creates the network of a pod, with a loopback device and an address on
// the bridge.
func joinNetwork(ctx context.Context, name, address string) error {
	return commands(
		ctx,
		"ip netns add "+name,
		fmt.Sprintf("ip link add %s type veth peer name eth0 netns %s", name, name),
		fmt.Sprintf("ip link set %s master cni0 up", name),
		fmt.Sprintf("ip -n %s link set lo up", name),
		fmt.Sprintf("ip -n %s addr add %s/16 dev eth0", name, address),
		fmt.Sprintf("ip -n %s link set eth0 up", name),
		fmt.Sprintf("ip -n %s route add %s via %s", name, serviceRange, Address),
	)
}

// deleteNetwork deletes it.
func deleteNetwork(ctx context.Context, name string) error {
	return commands(ctx, "ip netns del "+name)
}

func commands(ctx context.Context, all ...string) error {
	for _, command := range all {
		words := strings.Fields(command)
		if _, err := process.Output(exec.CommandContext(ctx, words[0], words[1:]...)); err != nil {
			return err
		}
	}
	return nil
}

package status

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxListeners limits how many listening sockets are read.
const maxListeners = 4096

// listeners returns the addresses of listening TCP sockets in this network
// namespace, read from procfs; false if it has no such list.
//
// See https://docs.kernel.org/networking/proc_net_tcp.html.
func listeners(proc string) ([]netip.AddrPort, bool) {
	var all []netip.AddrPort
	known := false
	for _, name := range []string{"tcp", "tcp6"} {
		file, err := os.Open(filepath.Join(proc, "net", name))
		if err != nil {
			continue
		}
		known = true
		scanner := bufio.NewScanner(file)
		for scanner.Scan() && len(all) < maxListeners {
			if address, ok := listener(scanner.Text()); ok {
				all = append(all, address)
			}
		}
		_ = file.Close() // read only
	}
	slices.SortFunc(all, netip.AddrPort.Compare)
	return slices.Compact(all), known
}

// listener decodes one line of /proc/net/tcp.
func listener(line string) (netip.AddrPort, bool) {
	const listening = "0A"
	fields := strings.Fields(line)
	if len(fields) < 4 || fields[3] != listening {
		return netip.AddrPort{}, false
	}
	host, port, _ := strings.Cut(fields[1], ":")
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	// The kernel prints 32-bit words in host byte order.
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	address, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(address.Unmap(), uint16(number)), ok // 16 bits by ParseUint
}

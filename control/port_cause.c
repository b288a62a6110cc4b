/* port_cause.c - penstock.port in, a sentence out: what stood in the driver's way. */
#include "control/port_cause.h"

#include "config/bounds.h"
#include "dataplane/base/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	WORD_BYTES = 256,
	/* net_af_packet's defaults: two rings of so many frames of so many bytes. */
	FRAMES = 512,
	FRAME_BYTES = 2048,
	BYTES_PER_KIB = 1024,
};

/* The value of `key` among a device's arguments; false: it is not there. */
static bool argument(const char *port, const char *key, char out[WORD_BYTES])
{
	size_t size = strlen(key);
	for (const char *at = strchr(port, ','); at; at = strchr(at + 1, ',')) {
		if (strncmp(at + 1, key, size) != 0 || at[1 + size] != '=')
			continue;
		const char *value = at + 2 + size;
		snprintf(out, WORD_BYTES, "%.*s", (int)strcspn(value, ","), value);
		return true;
	}
	return false;
}

static uint64_t number(const char *port, const char *key, uint64_t otherwise)
{
	char text[WORD_BYTES];
	return argument(port, key, text) ? strtoull(text, NULL, 10) : otherwise;
}

static bool is_af_packet(const char *port)
{
	return strncmp(port, "net_af_packet", strlen("net_af_packet")) == 0;
}

/* ---- net_af_packet -------------------------------------------------------------------- */

static bool can_open_packets(char *out, size_t size)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (fd >= 0) {
		close(fd);
		return true;
	}
	snprintf(out, size,
		 "frames of an interface cannot be read: %s; start as root or with "
		 "CAP_NET_RAW (AmbientCapabilities=)",
		 strerror(errno));
	return false;
}

/* Tried as the driver does it: its rings are mapped and locked at once. */
static bool can_lock(const char *port, char *out, size_t size)
{
	uint64_t bytes = 2 * number(port, "framecnt", FRAMES) *
			 number(port, "framesz", FRAME_BYTES) * number(port, "qpairs", 1);
	void *memory = bytes ? mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0)
			     : MAP_FAILED;
	if (memory != MAP_FAILED) {
		munmap(memory, bytes);
		return true;
	}
	snprintf(out, size,
		 "its rings need %lu KiB of locked memory: %s; raise the limit (ulimit -l, "
		 "LimitMEMLOCK=)",
		 bytes / BYTES_PER_KIB, strerror(errno));
	return false;
}

static void af_packet_cause(const char *port, char *out, size_t size)
{
	char interface[WORD_BYTES];
	if (!argument(port, "iface", interface))
		snprintf(out, size, "no interface is named: net_af_packet0,iface=eth1");
	else if (!if_nametoindex(interface))
		snprintf(out, size, "there is no interface %s: %s (ip link lists them)",
			 interface, strerror(errno));
	else if (can_open_packets(out, size) && can_lock(port, out, size))
		snprintf(out, size, "the driver's own words are above");
}

/* Of the kernel's interface; 0: there is none. */
static uint32_t interface_mtu(const char *interface)
{
	struct ifreq request = {0};
	size_t size = strlen(interface);
	if (size >= sizeof request.ifr_name)
		return 0;
	memcpy(request.ifr_name, interface, size);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	int error = ioctl(fd, SIOCGIFMTU, &request);
	close(fd);
	return error ? 0 : (uint32_t)request.ifr_mtu;
}

/* The ring's, for packets of so many bytes. */
static uint64_t frame_for(uint32_t mtu)
{
	uint64_t bytes = mtu + PORT_FRAME_HEAD_BYTES + PORT_RING_HEAD_BYTES;
	return bytes > FRAME_BYTES ? round_up(bytes, PORT_PAGE_BYTES) : FRAME_BYTES;
}

bool port_mtu_cause(const char *port, uint32_t mtu, char *out, size_t size)
{
	char interface[WORD_BYTES];
	if (!is_af_packet(port) || !mtu || !argument(port, "iface", interface))
		return false;
	uint32_t has = interface_mtu(interface);
	uint64_t frame = frame_for(mtu), given = number(port, "framesz", FRAME_BYTES);
	if (has && has < mtu)
		snprintf(out, size,
			 "the MTU of %s is %u, below penstock.port.mtu=%u: ip link set %s mtu %u",
			 interface, has, mtu, interface, mtu);
	else if (given != frame)
		snprintf(out, size,
			 "the driver's frames of %lu bytes do not suit penstock.port.mtu=%u: it "
			 "takes framesz=%lu,blocksz=%lu",
			 given, mtu, frame, max_u64(frame, PORT_PAGE_BYTES));
	else
		return false;
	return true;
}

/* ---- net_tap -------------------------------------------------------------------------- */

/* Makes the interface and lets it go again, to hear the kernel's own reason. */
static void tap_cause(const char *port, char *out, size_t size)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	char interface[WORD_BYTES] = "";
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		snprintf(out, size,
			 "/dev/net/tun cannot be opened: %s; load the module (modprobe tun), "
			 "or give the container that device",
			 strerror(errno));
		return;
	}
	argument(port, "iface", interface);
	if (strlen(interface) >= sizeof request.ifr_name) {
		snprintf(out, size, "the name %s is too long: an interface's has at most %zu "
				    "characters",
			 interface, sizeof request.ifr_name - 1);
		close(fd);
		return;
	}
	memcpy(request.ifr_name, interface, strlen(interface) + 1);
	int error = ioctl(fd, TUNSETIFF, &request) < 0 ? errno : 0;
	close(fd);
	if (error == EPERM)
		snprintf(out, size,
			 "a tap interface cannot be made: %s; start as root or with "
			 "CAP_NET_ADMIN (AmbientCapabilities=)",
			 strerror(error));
	else if (error)
		snprintf(out, size,
			 "the tap interface %s cannot be made: %s; another program may have "
			 "it: name another with iface=",
			 interface, strerror(error));
	else
		snprintf(out, size, "the driver's own words are above");
}

/* ---- cards ---------------------------------------------------------------------------- */

static void pci_cause(const char *port, char *out, size_t size)
{
	char path[WORD_BYTES], driver[WORD_BYTES];
	int name = (int)strcspn(port, ",");
	snprintf(path, sizeof path, "/sys/bus/pci/devices/%.*s", name, port);
	if (access(path, F_OK) != 0) {
		snprintf(out, size,
			 "this machine has no PCI device %.*s (lspci -D lists them; a virtual "
			 "device is named as net_tap0,iface=penstock0)",
			 name, port);
		return;
	}
	snprintf(path, sizeof path, "/sys/bus/pci/devices/%.*s/driver", name, port);
	ssize_t got = readlink(path, driver, sizeof driver - 1);
	driver[got > 0 ? got : 0] = '\0';
	snprintf(out, size,
		 "DPDK drives no port there; the device is bound to %s: bind it with "
		 "dpdk-devbind.py --bind=vfio-pci %.*s",
		 got > 0 ? strrchr(driver, '/') + 1 : "no driver", name, port);
}

void port_cause(const char *port, char *out, size_t size)
{
	if (is_af_packet(port))
		af_packet_cause(port, out, size);
	else if (strncmp(port, "net_tap", strlen("net_tap")) == 0)
		tap_cause(port, out, size);
	else if (strcspn(port, ":") < strcspn(port, ","))
		pci_cause(port, out, size);
	else
		snprintf(out, size,
			 "the driver made no port; is its name right? A virtual device is "
			 "named as net_tap0,iface=penstock0");
}

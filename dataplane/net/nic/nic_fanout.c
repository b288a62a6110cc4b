/* nic_fanout.c - net_af_packet's fanout, without the kernel putting fragments together.
 *
 * The driver joins each of its sockets to a fanout group, one socket's too, and always asks for
 * PACKET_FANOUT_FLAG_DEFRAG: the kernel keeps IPv4 fragments until their datagram is whole, and
 * then cuts that to the driver's frames of 2 KiB. What was to be reassembled here arrives as a
 * runt. No argument of the driver's turns it off, so its call is answered by this one, which
 * takes the flag out; all other options go to the kernel as they are.
 *
 * Linked into programs that open ports, and exported from them (meson.build), for the driver is a
 * shared object that is loaded at start. Core: any.
 */
#include <linux/if_packet.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FANOUT_FLAGS_SHIFT = 16 };

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	uint32_t fanout;
	if (level == SOL_PACKET && name == PACKET_FANOUT && size == sizeof fanout) {
		memcpy(&fanout, value, sizeof fanout);
		fanout &= ~((uint32_t)PACKET_FANOUT_FLAG_DEFRAG << FANOUT_FLAGS_SHIFT);
		value = &fanout;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, size);
}

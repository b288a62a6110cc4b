/* wake_linux.c - sleeping flag and eventfd; see wake.h. */
#include "dataplane/base/wake.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { WAKE_FDS_MAX = 31 };

int wake_init(struct wake *w)
{
	atomic_init(&w->sleeping, 0);
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return w->fd < 0 ? -errno : 0;
}

void wake_fini(struct wake *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void wake_prepare(struct wake *w)
{
	/* A: pairs with the fence in wake_post(). */
	atomic_store_explicit(&w->sleeping, 1, memory_order_seq_cst);
}

void wake_cancel(struct wake *w)
{
	atomic_store_explicit(&w->sleeping, 0, memory_order_relaxed);
}

/* Other descriptors end the sleep, too, and are their owners' to read. Only the eventfd is
 * read here: its count would end the next sleep at once. */
void wake_wait(struct wake *w, uint64_t timeout_ns, const int *fds, unsigned n)
{
	struct pollfd set[WAKE_FDS_MAX + 1] = {{.fd = w->fd, .events = POLLIN}};
	require(n <= WAKE_FDS_MAX);
	for (unsigned i = 0; i < n; i++)
		set[i + 1] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
				   .tv_nsec = (long)(timeout_ns % NS_PER_S)};
	ppoll(set, n + 1, &timeout, NULL);
	wake_cancel(w);
	uint64_t posted;
	if (set[0].revents && read(w->fd, &posted, sizeof posted) < 0)
		require(errno == EAGAIN);
}

void wake_post(struct wake *w)
{
	/* B: pairs with the store in wake_prepare(). */
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&w->sleeping, memory_order_relaxed))
		return;
	/* A thread that was woken may wait long for its CPU: whoever posts until then finds that
	 * somebody has, and spares the call into the kernel. */
	if (!atomic_exchange_explicit(&w->sleeping, 0, memory_order_relaxed))
		return;
	uint64_t one = 1;
	if (write(w->fd, &one, sizeof one) < 0)
		require(errno == EAGAIN);
}

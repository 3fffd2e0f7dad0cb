/*
 * poll(2), select(2) and epoll(7).
 */
#ifndef ABI_POLL_H
#define ABI_POLL_H

#include "base/types.h"
#include "base/compiler.h"

enum {
	POLLIN = 0x1, POLLPRI = 0x2, POLLOUT = 0x4, POLLERR = 0x8, POLLHUP = 0x10, POLLNVAL = 0x20,
	POLLRDNORM = 0x40, POLLRDBAND = 0x80, POLLWRNORM = 0x100, POLLWRBAND = 0x200,
	POLLMSG = 0x400, POLLRDHUP = 0x2000,
};

struct pollfd {
	int32_t fd;
	int16_t events, revents;
};

#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP (1u << 29)
#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)
enum { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3 };

#include <abi/machine/epoll.h>	/* struct epoll_event: packed on x86_64 only */

#endif

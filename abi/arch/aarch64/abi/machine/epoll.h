/*
 * struct epoll_event of epoll_ctl(2) on this CPU.
 */
#ifndef ABI_MACHINE_EPOLL_H
#define ABI_MACHINE_EPOLL_H

#include "base/compiler.h"
#include "base/types.h"

struct epoll_event {
	uint32_t events;
	uint64_t data;
};
static_assert(sizeof(struct epoll_event) == 16, "struct epoll_event of Linux");

#endif

/*
 * futex(2), robust lists, rseq(2).
 */
#ifndef ABI_FUTEX_H
#define ABI_FUTEX_H

#include "base/types.h"
#include "base/compiler.h"

enum {
	FUTEX_WAIT = 0, FUTEX_WAKE, FUTEX_FD, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP,
	FUTEX_LOCK_PI, FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET,
	FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI, FUTEX_LOCK_PI2,
	FUTEX_PRIVATE_FLAG = 128, FUTEX_CLOCK_REALTIME = 256, FUTEX_COMMAND_MASK = 127,
};
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define FUTEX_BITSET_MATCH_ANY 0xffffffffu

struct futex_waitv {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};
enum { FUTEX_32 = 2, FUTEX_WAITV_MAX = 128 };

struct robust_list_head {
	uint64_t list;			/* first entry, bit 0: PI */
	int64_t futex_offset;
	uint64_t list_op_pending;
};
enum { ROBUST_LIST_LIMIT = 2048 };

struct rseq {
	uint32_t cpu_id_start, cpu_id;
	uint64_t rseq_cs;
	uint32_t flags, node_id, mm_cid;
};
struct rseq_cs {
	uint32_t version, flags;
	uint64_t start_ip, post_commit_offset, abort_ip;
};
enum { RSEQ_FLAG_UNREGISTER = 1 };

#endif

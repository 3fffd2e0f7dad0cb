/*
 * Linux's layouts and numbers as the kernel has them, where a C library has
 * none or its own. Written out here, so that the tests do not depend on the
 * headers whose agreement they check.
 */
#ifndef TEST_ABI_LINUX_H
#define TEST_ABI_LINUX_H

#include <stdint.h>
#include "machine.h"

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_fstatat
#define SYS_fstatat SYS_newfstatat
#endif

/* The kernel's signal set is 64 bits, whatever the library's is. */
typedef uint64_t kernel_sigset_t;
#define SIGNAL_BIT(number) (1ull << ((number) - 1))

struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	kernel_sigset_t mask;
};
#define KERNEL_SA_RESTORER 0x04000000ul

struct kernel_dirent64 {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

struct kernel_dirent {
	unsigned long inode;
	unsigned long offset;
	unsigned short length;
	char name[];
};

struct kernel_open_how {
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
};
#define KERNEL_RESOLVE_NO_XDEV 1
#define KERNEL_RESOLVE_NO_MAGICLINKS 2
#define KERNEL_RESOLVE_NO_SYMLINKS 4
#define KERNEL_RESOLVE_BENEATH 8
#define KERNEL_RESOLVE_IN_ROOT 16
#define KERNEL_RESOLVE_CACHED 32

struct kernel_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

struct kernel_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t utilisation_least, utilisation_most;
};

struct kernel_termios {
	uint32_t input, output, control, local;
	uint8_t line, characters[19];
};

struct kernel_termios2 {
	uint32_t input, output, control, local;
	uint8_t line, characters[19];
	uint32_t input_speed, output_speed;
};

struct kernel_capability_header {
	uint32_t version;
	int pid;
};

struct kernel_capability_data {
	uint32_t effective, permitted, inheritable;
};
#define CAPABILITY_VERSION_1 0x19980330
#define CAPABILITY_VERSION_2 0x20071026
#define CAPABILITY_VERSION_3 0x20080522

struct kernel_futex_waitv {
	uint64_t value, address;
	uint32_t flags, reserved;
};

struct kernel_robust_list {
	struct kernel_robust_list *next;
};

struct kernel_robust_list_head {
	struct kernel_robust_list list;
	long futex_offset;
	struct kernel_robust_list *pending;
};

struct kernel_rseq {
	uint32_t cpu_id_start, cpu_id;
	uint64_t critical_section;
	uint32_t flags, padding[3];
} __attribute__((aligned(32)));

#ifndef RWF_APPEND
#define RWF_DSYNC 2
#define RWF_SYNC 4
#define RWF_NOWAIT 8
#define RWF_APPEND 16
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef F_OFD_SETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#endif

/*
 * Signals as programs see them: numbers, sigaction(2), siginfo_t, sigaltstack(2), sigevent(7).
 */
#ifndef ABI_SIGNAL_H
#define ABI_SIGNAL_H

#include "base/types.h"
#include "base/compiler.h"

enum {
	SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1,
	SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP,
	SIGTTIN, SIGTTOU, SIGURG, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR,
	SIGSYS, SIGRTMIN, SIGRTMAX = 64,
};

#define SIG_DFL 0
#define SIG_IGN 1

enum {
	SA_NOCLDSTOP = 1, SA_NOCLDWAIT = 2, SA_SIGINFO = 4, SA_UNSUPPORTED = 0x400,
	SA_EXPOSE_TAGBITS = 0x800, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000,
	SA_RESTART = 0x10000000, SA_NODEFER = 0x40000000,
};
#define SA_RESETHAND 0x80000000u

enum { SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2 };

/* The kernel's struct sigaction of both CPUs (aarch64 has the restorer field too). */
struct signal_action {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

enum {
	SI_USER = 0, SI_KERNEL = 0x80, SI_QUEUE = -1, SI_TIMER = -2, SI_MESGQ = -3,
	SI_ASYNCIO = -4, SI_SIGIO = -5, SI_TKILL = -6,
	ILL_ILLOPC = 1, ILL_ILLOPN = 2, ILL_PRVOPC = 5,
	FPE_INTDIV = 1, FPE_INTOVF = 2, FPE_FLTDIV = 3, FPE_FLTOVF = 4, FPE_FLTUND = 5,
	FPE_FLTRES = 6, FPE_FLTINV = 7, FPE_FLTSUB = 8,
	SEGV_MAPERR = 1, SEGV_ACCERR = 2, SEGV_BNDERR = 3, SEGV_PKUERR = 4,
	BUS_ADRALN = 1, BUS_ADRERR = 2, BUS_OBJERR = 3,
	TRAP_BRKPT = 1, TRAP_TRACE = 2, TRAP_BRANCH = 3, TRAP_HWBKPT = 4,
	CLD_EXITED = 1, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED, CLD_CONTINUED,
	POLL_IN = 1, POLL_OUT, POLL_MSG, POLL_ERR, POLL_PRI, POLL_HUP,
	SYS_SECCOMP = 1,
};

/* siginfo_t: 128 bytes, zeroed where not used. */
struct signal_information {
	int32_t si_signo, si_errno, si_code, padding;
	union {
		struct {
			int32_t si_pid;
			uint32_t si_uid;
			union {
				struct {
					int32_t si_status;
					int32_t padding2;
					int64_t si_utime, si_stime;	/* clock ticks */
				};
				uint64_t si_value;
			};
		};
		struct {
			int32_t si_timerid, si_overrun;
			uint64_t si_timer_value;
			int32_t si_sys_private;
		};
		struct {
			uint64_t si_addr;
			uint16_t si_addr_lsb;
		};
		struct {
			int64_t si_band;
			int32_t si_fd;
		};
		struct {
			uint64_t si_call_addr;
			int32_t si_syscall;
			uint32_t si_arch;
		};
		uint8_t bytes[112];
	};
};
static_assert(sizeof(struct signal_information) == 128, "siginfo_t of Linux");

struct signal_stack {			/* stack_t */
	uint64_t ss_sp;
	int32_t ss_flags;
	uint64_t ss_size;
};
static_assert(sizeof(struct signal_stack) == 24, "stack_t of Linux");
enum { SS_ONSTACK = 1, SS_DISABLE = 2 };
#define SS_AUTODISARM 0x80000000u
#include <abi/machine/signal.h>	/* MINSIGSTKSZ */

struct sigevent {
	uint64_t sigev_value;
	int32_t sigev_signo, sigev_notify;
	int32_t sigev_tid;
	int32_t padding[11];
};
static_assert(sizeof(struct sigevent) == 64, "struct sigevent of Linux");
enum { SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD = 2, SIGEV_THREAD_ID = 4 };

struct signalfd_siginfo {
	uint32_t ssi_signo;
	int32_t ssi_errno, ssi_code;
	uint32_t ssi_pid, ssi_uid;
	int32_t ssi_fd;
	uint32_t ssi_tid, ssi_band, ssi_overrun, ssi_trapno;
	int32_t ssi_status, ssi_int;
	uint64_t ssi_ptr, ssi_utime, ssi_stime, ssi_addr;
	uint16_t ssi_addr_lsb, padding2;
	int32_t ssi_syscall;
	uint64_t ssi_call_addr;
	uint32_t ssi_arch;
	uint8_t padding[28];
};
static_assert(sizeof(struct signalfd_siginfo) == 128, "struct signalfd_siginfo of Linux");

#endif

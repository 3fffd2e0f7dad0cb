/*
 * signalfd(2): signals of the reader's own process, taken by reading. The queue to wait on belongs
 * to the process, so a file that was polled keeps the processes that polled it.
 */
#include "base/errno.h"
#include "base/format.h"
#include "base/string.h"
#include "file/event_files.h"
#include "file/file.h"
#include "file/poll.h"
#include "memory/heap.h"
#include "task/signal.h"
#include "task/thread.h"
#include <abi/fcntl.h>
#include <abi/poll.h>

struct polling_process {
	struct polling_process *next;
	struct process *process;
};

struct signalfd {
	uint64_t mask;				/* atomic: what is taken */
	struct spin_lock lock;			/* LOCK_FILE_EVENT: pollers */
	struct polling_process *pollers;
};

#define NEVER_TAKEN (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

enum information_kind { KIND_KILL, KIND_TIMER, KIND_POLL, KIND_FAULT, KIND_CHILD, KIND_QUEUED,
			KIND_CALL };

/* Codes from 1 up mean something of their own for each of these signals. */
static enum information_kind kind_of_cause(int number)
{
	switch (number) {
	case SIGILL: case SIGFPE: case SIGSEGV: case SIGBUS: case SIGTRAP:
		return KIND_FAULT;
	case SIGCHLD:
		return KIND_CHILD;
	case SIGSYS:
		return KIND_CALL;
	default:
		return KIND_POLL;	/* SIGIO, or what F_SETSIG chose */
	}
}

static enum information_kind information_kind(const struct signal_information *information)
{
	int code = information->si_code;

	if (code > SI_USER && code < SI_KERNEL)
		return kind_of_cause(information->si_signo);
	if (code == SI_TIMER)
		return KIND_TIMER;
	if (code == SI_SIGIO)
		return KIND_POLL;
	return code < 0 ? KIND_QUEUED : KIND_KILL;
}

static void information_fill(struct signalfd_siginfo *to, const struct signal_information *from)
{
	memset(to, 0, sizeof(*to));
	to->ssi_signo = from->si_signo;
	to->ssi_errno = from->si_errno;
	to->ssi_code = from->si_code;
	switch (information_kind(from)) {
	case KIND_TIMER:
		to->ssi_tid = from->si_timerid;
		to->ssi_overrun = from->si_overrun;
		to->ssi_ptr = from->si_timer_value;
		to->ssi_int = (int32_t)from->si_timer_value;
		break;
	case KIND_POLL:
		to->ssi_band = from->si_band;
		to->ssi_fd = from->si_fd;
		break;
	case KIND_FAULT:
		to->ssi_addr = from->si_addr;
		to->ssi_addr_lsb = from->si_addr_lsb;
		break;
	case KIND_CHILD:
		to->ssi_pid = from->si_pid;
		to->ssi_uid = from->si_uid;
		to->ssi_status = from->si_status;
		to->ssi_utime = from->si_utime;
		to->ssi_stime = from->si_stime;
		break;
	case KIND_QUEUED:
		to->ssi_ptr = from->si_value;
		to->ssi_int = (int32_t)from->si_value;
		FALLTHROUGH;
	case KIND_KILL:
		to->ssi_pid = from->si_pid;
		to->ssi_uid = from->si_uid;
		break;
	case KIND_CALL:
		to->ssi_call_addr = from->si_call_addr;
		to->ssi_syscall = from->si_syscall;
		to->ssi_arch = from->si_arch;
		break;
	}
}

static bool take(struct signalfd *signals, struct signal_information *information)
{
	return signal_take(atomic_load_relaxed(&signals->mask), information) != 0;
}

/* The next signal: 0, -EAGAIN, -ERESTARTSYS. */
static int take_waiting(struct signalfd *signals, struct signal_information *information,
			bool waits)
{
	bool is_taken = take(signals, information);

	if (is_taken)
		return 0;
	if (!waits)
		return -EAGAIN;
	return WAIT_EVENT(&process_current()->signals.signalfd_waiters,
			  is_taken || (is_taken = take(signals, information)),
			  SLEEP_INTERRUPTIBLE);
}

static long signalfd_read(struct file *file, struct transfer *to, struct io *io)
{
	bool waits = !(io->flags & (IO_NONBLOCK | IO_NOWAIT));
	struct signal_information information;
	struct signalfd_siginfo record;
	long moved = 0;

	if (transfer_remaining(to) < sizeof(record))
		return -EINVAL;
	while (transfer_remaining(to) >= sizeof(record)) {
		int result = take_waiting(file->object, &information, waits && moved == 0);

		if (result < 0)
			return moved > 0 ? moved : result;
		information_fill(&record, &information);
		if (transfer_to_place(to, &record, sizeof(record)) < sizeof(record))
			return moved > 0 ? moved : -EFAULT;
		moved += sizeof(record);
	}
	return moved;
}

/* Lets go of processes that have ended and on whose queue nobody waits any more. Lock held; what is
 * to be freed goes to *gone. */
static void pollers_prune(struct signalfd *signals, struct polling_process **gone)
{
	struct polling_process **at = &signals->pollers;

	while (*at) {
		struct polling_process *keep = *at;

		if (!READ_ONCE(keep->process->is_zombie) ||
		    wait_queue_is_active(&keep->process->signals.signalfd_waiters)) {
			at = &keep->next;
			continue;
		}
		*at = keep->next;
		keep->next = *gone;
		*gone = keep;
	}
}

static void pollers_free(struct polling_process *keep)
{
	while (keep) {
		struct polling_process *next = keep->next;

		process_put(keep->process);
		heap_free(keep);
		keep = next;
	}
}

/* Whoever waits on a process's queue through this file needs the process until the file goes.
 * False: no memory, so nobody may wait. */
static bool poller_keep(struct signalfd *signals, struct process *process)
{
	struct polling_process *fresh = heap_allocate(sizeof(*fresh), HEAP_ATOMIC), *gone = NULL;
	struct polling_process *keep;
	bool enabled = spin_lock_irq(&signals->lock);

	pollers_prune(signals, &gone);
	for (keep = signals->pollers; keep && keep->process != process; keep = keep->next)
		;
	if (!keep && fresh) {
		process_get(process);
		fresh->process = process;
		fresh->next = signals->pollers;
		signals->pollers = keep = fresh;
		fresh = NULL;
	}
	spin_unlock_irq(&signals->lock, enabled);
	heap_free(fresh);
	pollers_free(gone);
	return keep != NULL;
}

static uint32_t signalfd_poll(struct file *file, struct poll_table *table)
{
	struct signalfd *signals = file->object;
	struct process *process = process_current();

	if (table && table->add && poller_keep(signals, process))
		poll_wait(table, file, &process->signals.signalfd_waiters);
	return signal_pending_set(thread_current()) & atomic_load_relaxed(&signals->mask) ?
		POLLIN : 0;
}

static void signalfd_release(struct file *file)
{
	struct signalfd *signals = file->object;

	pollers_free(signals->pollers);
	heap_free(signals);
}

static void signalfd_describe(struct file *file, struct format_sink *sink)
{
	struct signalfd *signals = file->object;

	format_to(sink, "sigmask:\t%016llx\n",
		  (unsigned long long)atomic_load_relaxed(&signals->mask));
}

static const struct file_operations signalfd_operations = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.describe = signalfd_describe,
};

struct file *signalfd_create(uint64_t mask, uint32_t flags)
{
	struct signalfd *signals = heap_allocate(sizeof(*signals), HEAP_ACCOUNT);
	struct file *file;

	if (!signals)
		return NULL;
	signals->mask = mask & ~NEVER_TAKEN;
	spin_lock_init(&signals->lock, LOCK_FILE_EVENT);
	file = file_create(&signalfd_operations, signals, FILE_READ | FILE_WRITE | FILE_STREAM,
			   O_RDWR | flags);
	if (!file) {
		heap_free(signals);
		return NULL;
	}
	file->label = "anon_inode:[signalfd]";
	return file;
}

int signalfd_change(struct file *file, uint64_t mask)
{
	struct signalfd *signals = file->object;

	if (file->operations != &signalfd_operations)
		return -EINVAL;
	atomic_store_relaxed(&signals->mask, mask & ~NEVER_TAKEN);
	wait_queue_wake_all(&process_current()->signals.signalfd_waiters, 0);
	return 0;
}

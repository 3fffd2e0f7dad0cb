/*
 * Threads: made, made visible, ended, freed. References: one of the scheduler until the thread is
 * off its CPU for good, one that the maker has and thread_run() hands to the process's list, one of
 * process->leader. Memory goes after a grace period, so lookups need no lock; the stack at once.
 */
#include "task/thread.h"

#include "arch/cpu.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/panic.h"
#include "base/string.h"
#include "memory/heap.h"
#include "memory/kernel_map.h"
#include "sync/lock_check.h"
#include "task/schedule.h"
#include "task/schedule/run_queue.h"
#include "task/signal/signal_internal.h"
#include "task/tree/tree.h"
#include "time/clock_time.h"

static struct slab_cache *thread_cache;
static uint64_t made_count, freed_count;

void thread_cache_start(void)
{
	thread_cache = slab_cache_create("thread", sizeof(struct thread), 64, 0);
	if (!thread_cache)
		panic("no memory for threads");
}

static void schedule_defaults(struct schedule_entity *entity)
{
	memset(&entity->affinity, 0xff, sizeof(entity->affinity));
	entity->policy = SCHEDULE_OTHER;
	entity->slice_ns = FAIR_SLICE_NS;
	fair_weight_set(entity);
}

static struct thread *thread_allocate(struct process *process)
{
	struct thread *thread = slab_allocate(thread_cache, HEAP_PATIENT | HEAP_ACCOUNT);

	if (!thread)
		return NULL;
	refcount_init(&thread->references, 2);
	thread->process = process;
	thread->state = THREAD_SLEEPING_DEEPLY;
	/* Not even a fatal signal makes it run before thread_run(). */
	thread->sleep_kind = SLEEP_UNINTERRUPTIBLE;
	thread->started_ns = time_boot_ns();
	list_node_init(&thread->process_node);
	list_init(&thread->signals.queue.entries);
	spin_lock_init(&thread->divided_lock, LOCK_LEAF);
	futex_thread_init(thread);
	thread->context.cpu = context_current()->cpu;
	schedule_defaults(&thread->schedule);
	process_get(process);
	atomic_fetch_add_relaxed(&made_count, 1);
	return thread;
}

/* Stack, registers and, in debug builds, the trace of locks. */
static int context_make(struct thread *thread, const struct frame *frame,
			void (*entry)(void *argument), void *argument)
{
	virtual_t stack = kernel_stack_allocate();
	int result = 0;

	if (!stack)
		return -ENOMEM;
	thread->context.stack_base = stack;
	if (DEBUG_BUILD)
		thread->context.locks = heap_allocate(sizeof(struct lock_trace), HEAP_PATIENT);
	if (frame)
		result = context_init_user(&thread->context, stack, frame);
	else
		context_init_kernel(&thread->context, stack, entry, argument);
	if (result < 0) {
		heap_free(thread->context.locks);
		kernel_stack_free(stack);
	}
	return result;
}

/* The number: the process's own for its first thread. */
static int id_assign(struct thread *thread)
{
	struct process *process = thread->process;

	if (process->leader || process == process_kernel())
		return task_id_allocate(&thread->id);
	thread->id = process->id;
	task_id_hold(thread->id);
	thread_get(thread);
	process->leader = thread;
	return 0;
}

void thread_free_stack(struct thread *thread)
{
	if (thread->context.stack_base)
		kernel_stack_free(thread->context.stack_base);
	thread->context.stack_base = 0;
}

static void thread_free_parts(struct thread *thread)
{
	io_priority_release(thread);
	context_release(&thread->context);
	heap_free(thread->context.locks);
	thread_free_stack(thread);
}

static void thread_free_object(struct thread *thread)
{
	struct process *process = thread->process;

	if (thread->credentials)
		credentials_put(thread->credentials);
	slab_free(thread_cache, thread);
	process_put(process);
	atomic_fetch_add_relaxed(&freed_count, 1);
}

void thread_counts_read(uint64_t *made, uint64_t *alive)
{
	*made = atomic_load_relaxed(&made_count);
	*alive = *made - atomic_load_relaxed(&freed_count);
}

int thread_create(struct process *process, const struct frame *frame,
		  void (*entry)(void *argument), void *argument, struct thread **result)
{
	struct thread *thread = thread_allocate(process);
	int error;

	if (!thread)
		return -ENOMEM;
	error = context_make(thread, frame, entry, argument);
	if (error < 0)
		goto fail_object;
	error = id_assign(thread);
	if (error < 0)
		goto fail_parts;
	if (frame) {
		thread->credentials = credentials_get(thread_current()->credentials);
		schedule_fork(thread, thread_current());
	} else {
		thread->credentials = credentials_get(credentials_kernel());
	}
	*result = thread;
	return 0;
fail_parts:
	thread_free_parts(thread);
fail_object:
	thread_free_object(thread);
	return error;
}

struct thread *thread_create_idle(unsigned cpu)
{
	struct thread *idle = thread_allocate(process_kernel());

	if (!idle || context_make(idle, NULL, schedule_idle, NULL) < 0)
		panic("no memory for the idle thread of CPU %u", cpu);
	idle->credentials = credentials_get(credentials_kernel());
	idle->state = THREAD_RUNNING;
	idle->context.cpu = cpu;
	idle->schedule.is_kernel_bound = true;
	format_print(idle->name, sizeof(idle->name), "idle/%u", cpu);
	return idle;
}

void thread_publish(struct thread *thread)
{
	struct process *process = thread->process;
	bool were_enabled;

	rcu_assign(task_id_find(thread->id)->thread, thread);
	were_enabled = spin_lock_irq(&process->signals.lock);
	list_add_tail_rcu(&process->threads, &thread->process_node);
	process->thread_count++;
	signal_thread_join(thread);
	spin_unlock_irq(&process->signals.lock, were_enabled);
}

int thread_charge(struct thread *thread)
{
	uint32_t uid = credentials_current()->uid;
	int result = user_charge(uid, limit_current(LIMIT_NPROC));

	if (result == 0)
		thread->charged_uid = uid;
	return result;
}

void thread_uncharge(struct thread *thread)
{
	user_uncharge(thread->charged_uid);
	thread->charged_uid = 0;
}

void thread_abandon(struct thread *thread)
{
	struct process *process = thread->process;

	thread_uncharge(thread);
	if (process->leader == thread)
		process->leader = NULL;
	task_id_release(thread->id);
	thread_free_parts(thread);
	thread_free_object(thread);
}

void thread_get(struct thread *thread)
{
	refcount_get(&thread->references);
}

bool thread_get_unless_dead(struct thread *thread)
{
	return refcount_get_unless_zero(&thread->references);
}

static void thread_free(struct rcu_head *head)
{
	struct thread *thread = container_of(head, struct thread, rcu);

	thread_free_parts(thread);
	thread_free_object(thread);
}

void thread_put(struct thread *thread)
{
	if (refcount_put(&thread->references))
		rcu_call(&thread->rcu, thread_free);
}

int kernel_thread_start(const char *name, void (*entry)(void *argument), void *argument,
			struct thread **result)
{
	struct thread *thread;
	int error = thread_create(process_kernel(), NULL, entry, argument, &thread);

	if (error < 0)
		return error;
	strlcpy(thread->name, name, sizeof(thread->name));
	if (result) {
		thread_get(thread);
		*result = thread;
	}
	thread_run(thread);
	return 0;
}

int kernel_thread_start_on(unsigned cpu, const char *name, void (*entry)(void *argument),
			   void *argument)
{
	struct thread *thread;
	int error = thread_create(process_kernel(), NULL, entry, argument, &thread);

	if (error < 0)
		return error;
	strlcpy(thread->name, name, sizeof(thread->name));
	cpu_mask_clear_all(&thread->schedule.affinity);
	cpu_mask_set(&thread->schedule.affinity, cpu);
	thread->schedule.is_kernel_bound = true;
	thread_run(thread);
	return 0;
}

void thread_exit(void)
{
	struct thread *self = thread_current();

	if (self->process == process_kernel())
		process_thread_remove(self);
	/* Preempted between the two, it would be put away as a sleeper. */
	interrupts_disable();
	atomic_store_relaxed(&self->state, THREAD_DEAD);
	schedule_last();
}

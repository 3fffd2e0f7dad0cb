/*
 * Job control: which session a terminal controls, which of its groups is in the foreground, and
 * what processes of other groups get. A session takes only a terminal that is free; both pointers
 * and session->terminal change under one lock, and each is counted.
 */
#include "base/errno.h"
#include "task/authority.h"
#include "task/credentials.h"
#include "task/signal.h"
#include "task/thread.h"
#include "terminal/internal.h"
#include <abi/signal.h>

#define LINUX_CAP_SYS_ADMIN 21

static struct spin_lock session_lock = SPIN_LOCK_INITIALIZER(LOCK_TERMINAL_SESSION);

static void leader_exits(struct session *session);

bool terminal_is_controlling(struct terminal *terminal)
{
	struct session *session;
	bool is_controlling;

	rcu_read_lock();
	session = rcu_dereference(process_current()->session);
	is_controlling = session && READ_ONCE(session->terminal) == terminal &&
			 !READ_ONCE(process_current()->has_left_terminal);
	rcu_read_unlock();
	return is_controlling;
}

struct terminal *terminal_controlling_get(void)
{
	struct session *session;
	struct terminal *terminal = NULL;

	spin_lock(&session_lock);
	session = rcu_dereference(process_current()->session);
	if (session && !READ_ONCE(process_current()->has_left_terminal))
		terminal = session->terminal;
	if (terminal)
		terminal_get(terminal);
	spin_unlock(&session_lock);
	return terminal;
}

static bool is_ignored_or_blocked(int signal)
{
	struct thread *thread = thread_current();

	return thread->process->signals.actions[signal - 1].handler == SIG_IGN ||
	       (thread->signals.blocked & SIGNAL_BIT(signal));
}

static bool is_orphaned(struct process_group *group)
{
	bool result;

	task_tree_lock();
	result = process_group_is_orphaned(group, NULL);
	task_tree_unlock();
	return result;
}

/* The group of the current process, counted. */
static struct process_group *group_current_get(void)
{
	struct process_group *group;

	rcu_read_lock();
	group = rcu_dereference(process_current()->group);
	if (group && !refcount_get_unless_zero(&group->references))
		group = NULL;
	rcu_read_unlock();
	return group;
}

int terminal_check_change(struct terminal *terminal, int signal)
{
	struct process_group *foreground = READ_ONCE(terminal->foreground), *group;
	int result = -ERESTARTSYS;

	if (!foreground || foreground == READ_ONCE(process_current()->group) ||
	    !terminal_is_controlling(terminal))
		return 0;
	if (is_ignored_or_blocked(signal))
		return signal == SIGTTIN ? -EIO : 0;
	group = group_current_get();
	if (!group)
		return -EIO;
	if (is_orphaned(group))
		result = -EIO;
	else
		signal_send_group(group, signal, NULL);
	process_group_put(group);
	return result;
}

void terminal_signal_foreground(struct terminal *terminal, int signal)
{
	struct process_group *group;

	rcu_read_lock();
	group = rcu_dereference(terminal->foreground);
	if (group)
		signal_send_group(group, signal, NULL);
	rcu_read_unlock();
}

/* Session lock held: makes it the controlling terminal of a session whose leader is current. */
static void own(struct terminal *terminal, struct session *session)
{
	struct process_group *group = process_current()->group;

	refcount_get(&session->references);
	refcount_get(&group->references);
	terminal_get(terminal);
	terminal->session = session;
	rcu_assign(terminal->foreground, group);
	session->leader_exits = leader_exits;
	WRITE_ONCE(session->terminal, terminal);
}

struct ownership {
	struct session *session;
	struct process_group *foreground;
	bool had_terminal;
};

/* Session lock held: takes the pointers out; ownership_drop() without the lock puts them. */
static struct ownership disown(struct terminal *terminal)
{
	struct ownership old = { terminal->session, terminal->foreground, false };

	terminal->session = NULL;
	rcu_assign(terminal->foreground, NULL);
	if (old.session && old.session->terminal == terminal) {
		WRITE_ONCE(old.session->terminal, NULL);
		old.had_terminal = true;
	}
	return old;
}

static void ownership_drop(struct terminal *terminal, struct ownership *old)
{
	if (old->foreground)
		process_group_put(old->foreground);
	if (old->session)
		session_put(old->session);
	if (old->had_terminal)
		terminal_put(terminal);
}

void terminal_take_if_free(struct terminal *terminal)
{
	struct process *process = process_current();
	struct session *session;

	spin_lock(&session_lock);
	session = rcu_dereference(process->session);
	if (session && READ_ONCE(session->leader) == process && !session->terminal &&
	    !terminal->session)
		own(terminal, session);
	spin_unlock(&session_lock);
}

bool terminal_is_administrator(void)
{
	return credentials_current()->linux_effective & BIT(LINUX_CAP_SYS_ADMIN);
}

static bool may_take_by_force(void)
{
	return terminal_is_administrator() && capability_require(CAPABILITY_SESSION_CREATE) == 0;
}

int terminal_take(struct terminal *terminal, bool may_read, bool by_force)
{
	struct process *process = process_current();
	struct ownership old = { 0 };
	struct session *session;
	bool is_forced = by_force && may_take_by_force();
	int result = -EPERM;

	spin_lock(&session_lock);
	session = rcu_dereference(process->session);
	if (!session || READ_ONCE(session->leader) != process)
		goto out;
	if (terminal->session == session) {
		result = 0;
		goto out;
	}
	if (session->terminal || !may_read)
		goto out;
	if (terminal->session) {
		if (!is_forced)
			goto out;
		old = disown(terminal);
	}
	own(terminal, session);
	result = 0;
out:
	spin_unlock(&session_lock);
	ownership_drop(terminal, &old);
	return result;
}

/* SIGHUP to the leader of a session that lives on, and SIGCONT so that it can act on it. */
static void leader_hang_up(struct session *session)
{
	struct process *leader;

	rcu_read_lock();
	leader = rcu_dereference(session->leader);
	if (leader) {
		signal_send_process(leader, SIGHUP, NULL);
		signal_send_process(leader, SIGCONT, NULL);
	}
	rcu_read_unlock();
}

static void group_hang_up(struct process_group *group)
{
	signal_send_group(group, SIGHUP, NULL);
	signal_send_group(group, SIGCONT, NULL);
}

/* Moves *group into session->last_foreground, which is told when the leader goes. A group refers
 * to its session: once the leader is gone nobody would part the two, so it is told at once. */
static void group_remember(struct session *session, struct process_group **group)
{
	struct process_group *mine = *group;
	bool is_too_late;

	spin_lock(&session_lock);
	is_too_late = session->is_leader_gone;
	if (!is_too_late) {
		*group = session->last_foreground;
		session->last_foreground = mine;
	}
	spin_unlock(&session_lock);
	if (is_too_late && mine)
		group_hang_up(mine);
}

void terminal_disown(struct terminal *terminal, bool does_leader_exit)
{
	struct ownership old;

	spin_lock(&session_lock);
	old = disown(terminal);
	spin_unlock(&session_lock);
	if (old.foreground && does_leader_exit)
		signal_send_group(old.foreground, SIGHUP, NULL);
	if (old.session && !does_leader_exit) {
		leader_hang_up(old.session);
		/* The foreground is told when the leader goes, which may ignore SIGHUP. */
		group_remember(old.session, &old.foreground);
	}
	ownership_drop(terminal, &old);
}

/* Hook of struct session: the line of a vanished login must not serve its left-over programs. */
static void leader_exits(struct session *session)
{
	struct process_group *last;
	struct terminal *terminal;

	spin_lock(&session_lock);
	terminal = session->terminal;
	if (terminal)
		terminal_get(terminal);
	last = session->last_foreground;
	session->last_foreground = NULL;
	session->is_leader_gone = true;
	spin_unlock(&session_lock);
	if (last) {
		group_hang_up(last);
		process_group_put(last);
	}
	if (!terminal)
		return;
	terminal_disown(terminal, true);
	if (!terminal->is_pty)
		terminal_hang_up(terminal);
	terminal_put(terminal);
}

int terminal_give_up(struct terminal *terminal)
{
	struct process *process = process_current();
	struct ownership old;
	struct session *session;

	if (!terminal_is_controlling(terminal))
		return -ENOTTY;
	spin_lock(&session_lock);
	session = rcu_dereference(process->session);
	if (!session || READ_ONCE(session->leader) != process || terminal->session != session) {
		/* The session keeps it; this process and its children-to-be do not. */
		WRITE_ONCE(process->has_left_terminal, true);
		spin_unlock(&session_lock);
		return 0;
	}
	old = disown(terminal);
	spin_unlock(&session_lock);
	if (old.foreground)
		group_hang_up(old.foreground);
	ownership_drop(terminal, &old);
	return 0;
}

/* Why an id that names no group is refused: another session's process is not this one's
 * business. */
static int id_refusal(int32_t id, struct session *session)
{
	struct process *process = process_find(id);
	int result = -ESRCH;

	if (!process)
		return -ESRCH;
	if (READ_ONCE(process->session) != session)
		result = -EPERM;
	process_put(process);
	return result;
}

int terminal_foreground_set(struct terminal *terminal, int32_t id)
{
	struct process_group *group, *old = NULL;
	struct session *session;
	int result = 0;

	if (id < 0)
		return -EINVAL;
	group = process_group_find(id);
	spin_lock(&session_lock);
	session = rcu_dereference(process_current()->session);
	if (!session || session->terminal != terminal || terminal->session != session ||
	    READ_ONCE(process_current()->has_left_terminal))
		result = -ENOTTY;
	else if (!group)
		result = -ESRCH;
	else if (group->session != session)
		result = -EPERM;
	if (result == 0) {
		old = terminal->foreground;
		rcu_assign(terminal->foreground, group);
		group = old;
	}
	spin_unlock(&session_lock);
	if (group)
		process_group_put(group);
	return result == -ESRCH ? id_refusal(id, session) : result;
}

int terminal_foreground_id(struct terminal *terminal)
{
	struct process_group *group;
	int id;

	rcu_read_lock();
	group = rcu_dereference(terminal->foreground);
	id = group ? group->id : 0;
	rcu_read_unlock();
	return id;
}

int terminal_session_id(struct terminal *terminal)
{
	int id;

	spin_lock(&session_lock);
	id = terminal->session ? terminal->session->id : 0;
	spin_unlock(&session_lock);
	return id;
}

void terminal_of_session(struct session *session, uint64_t *device, int32_t *foreground)
{
	struct terminal *terminal;

	*device = 0;
	*foreground = -1;
	spin_lock(&session_lock);
	terminal = session ? session->terminal : NULL;
	if (terminal) {
		*device = terminal->number;
		if (terminal->foreground)
			*foreground = terminal->foreground->id;
	}
	spin_unlock(&session_lock);
}

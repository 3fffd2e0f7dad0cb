/*
 * Orphaned process groups (POSIX 3.264): when a process leaves and its group, or the groups of its
 * children, lose their last tie to the session while they have stopped members, they get SIGHUP and
 * SIGCONT so that nobody stays stopped for ever.
 */
#include "task/signal.h"
#include "task/thread.h"

/* Whether a member ties the group to its session: its parent is elsewhere in the session. */
static bool is_tie(const struct process *member, const struct process *except)
{
	const struct process *parent = member->parent;

	if (member == except || member->has_left || !parent)
		return false;
	return parent->group != member->group && parent->session == member->session;
}

bool process_group_is_orphaned(struct process_group *group, struct process *except)
{
	struct group_member *member;

	list_for_each(member, &group->members, node) {
		if (is_tie(member->process, except))
			return false;
	}
	return true;
}

static bool has_stopped_member(struct process_group *group)
{
	struct group_member *member;

	list_for_each(member, &group->members, node) {
		if (member->process->signals.is_stopped)
			return true;
	}
	return false;
}

static void group_check(struct process_group *group, struct process *leaving)
{
	if (!process_group_is_orphaned(group, leaving) || !has_stopped_member(group))
		return;
	signal_send_group(group, SIGHUP, NULL);
	signal_send_group(group, SIGCONT, NULL);
}

void orphan_child_check(struct process *child, struct process *leaving)
{
	if (child->group != leaving->group && child->session == leaving->session)
		group_check(child->group, leaving);
}

void orphan_group_check(struct process *leaving)
{
	if (leaving->parent && leaving->parent->group != leaving->group &&
	    leaving->parent->session == leaving->session)
		group_check(leaving->group, leaving);
}

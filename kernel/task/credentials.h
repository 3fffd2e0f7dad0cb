/*
 * User and group names of a thread: immutable, counted, replaced whole. uid 0 is a name only; the
 * capability table decides.
 */
#ifndef TASK_CREDENTIALS_H
#define TASK_CREDENTIALS_H

#include "base/compiler.h"
#include "base/refcount.h"
#include "base/types.h"
#include "sync/rcu.h"

/* securebits(7) that something follows. */
#define SECURE_NO_ROOT 0x01u
#define SECURE_NO_FIXUP 0x04u
#define SECURE_KEEP_CAPS 0x10u
#define SECURE_NO_AMBIENT_RAISE 0x40u

#define GROUPS_MAXIMUM 65536	/* NGROUPS_MAX */

struct credentials {
	struct refcount references;
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	uint32_t group_count;
	uint32_t *groups;		/* sorted */
	uint64_t linux_inheritable, linux_permitted, linux_effective;	/* capget's picture */
	uint64_t linux_bounding, linux_ambient;
	uint32_t secure_bits;
	struct rcu_head rcu;
};

/* Those of the current thread; valid without a reference while it does not change them. */
const struct credentials *credentials_current(void);
/* Those of kernel threads and the first process: user 0. */
struct credentials *credentials_kernel(void);
/* A private copy to change, or NULL; then install it (consumes it) on the current thread. Who
 * changes ids or gains privileges is hidden from others' looks (PR_SET_DUMPABLE). */
struct credentials *credentials_copy(const struct credentials *from);
void credentials_install(struct credentials *credentials);
/* Acts under others for a moment; the real user id stays. Consumes them, too. */
void credentials_override(struct credentials *credentials);
/* exec: Linux's picture of capabilities as capabilities(7) transforms it for a file without any,
 * saved and file ids follow the effective ones. What is to be installed, NULL if nothing changes;
 * -ENOMEM. */
int credentials_execute_prepare(struct credentials **prepared) MUST_CHECK;
struct credentials *credentials_get(const struct credentials *credentials);
void credentials_put(struct credentials *credentials);
struct process;
/* Those of a process's leader, or of any thread it has; NULL: none is left. RCU read section. */
const struct credentials *process_credentials(struct process *process);
bool credentials_has_group(const struct credentials *credentials, uint32_t gid);

#endif

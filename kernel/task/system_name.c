/*
 * The system's names. Programs take the release for Linux's: features are looked for by it.
 */
#include "task/system_name.h"

#include "arch/cpu.h"
#include "base/string.h"
#include "sync/spin_lock.h"
#include <abi/process.h>

static struct spin_lock name_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);
static char host_name[SYSTEM_NAME_MAXIMUM + 1] = "(none)";
static char domain_name[SYSTEM_NAME_MAXIMUM + 1] = "(none)";

void system_name_read(struct new_utsname *name)
{
	bool enabled;

	memset(name, 0, sizeof(*name));
	strlcpy(name->sysname, "Linux", sizeof(name->sysname));
	strlcpy(name->release, SYSTEM_RELEASE, sizeof(name->release));
	strlcpy(name->version, "#1 SMP PREEMPT Aegis", sizeof(name->version));
	strlcpy(name->machine, cpu_platform(), sizeof(name->machine));
	enabled = spin_lock_irq(&name_lock);
	memcpy(name->nodename, host_name, sizeof(host_name));
	memcpy(name->domainname, domain_name, sizeof(domain_name));
	spin_unlock_irq(&name_lock, enabled);
}

static void name_set(char *to, const char *name)
{
	bool enabled = spin_lock_irq(&name_lock);

	memset(to, 0, SYSTEM_NAME_MAXIMUM + 1);
	strlcpy(to, name, SYSTEM_NAME_MAXIMUM + 1);
	spin_unlock_irq(&name_lock, enabled);
}

void system_host_name_set(const char *name)
{
	name_set(host_name, name);
}

void system_domain_name_set(const char *name)
{
	name_set(domain_name, name);
}

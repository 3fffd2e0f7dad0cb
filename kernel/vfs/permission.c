/*
 * Permission bits, for everyone; and the privileges of Linux that set them aside.
 */
#include "base/errno.h"
#include "vfs/permission.h"
#include "task/authority.h"
#include "task/credentials.h"
#include "task/thread.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/name.h"
#include "vfs/walk.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

static enum capability_right right_for(enum linux_privilege privilege)
{
	switch (privilege) {
	case PRIVILEGE_CHOWN:
		return CAPABILITY_FILE_OWN;
	case PRIVILEGE_SYS_CHROOT:
	case PRIVILEGE_SYS_ADMIN:
		return CAPABILITY_MOUNT_CHANGE;
	case PRIVILEGE_KILL:
		return CAPABILITY_PROCESS_SIGNAL;
	case PRIVILEGE_SETPCAP:
		return CAPABILITY_IDENTITY_SET;
	case PRIVILEGE_SYS_PTRACE:
		return CAPABILITY_PROCESS_INSPECT;
	case PRIVILEGE_SYS_BOOT:
		return CAPABILITY_POWER_CONTROL;
	case PRIVILEGE_SYS_TIME:
		return CAPABILITY_TIME_SET;
	case PRIVILEGE_CHECKPOINT_RESTORE:
		return CAPABILITY_PROCESS_CREATE;
	case PRIVILEGE_SYSLOG:
		return CAPABILITY_SYSTEM_LOG;
	case PRIVILEGE_SYS_NICE:
		return CAPABILITY_PROCESS_PRIORITY;
	case PRIVILEGE_IPC_LOCK:
	case PRIVILEGE_SYS_RESOURCE:
		return CAPABILITY_SYSTEM_TUNE;
	default:
		return CAPABILITY_FILE_OVERRIDE;
	}
}

bool privilege_is_effective(enum linux_privilege privilege)
{
	return credentials_current()->linux_effective >> privilege & 1;
}

bool privilege_is_held(enum linux_privilege privilege)
{
	return privilege_is_effective(privilege) && capability_is_held(right_for(privilege));
}

static bool is_same_user(uint32_t uid, uint32_t gid, const struct credentials *target)
{
	return uid == target->euid && uid == target->suid && uid == target->uid &&
		gid == target->egid && gid == target->sgid && gid == target->gid;
}

bool process_may_inspect(struct process *process, bool by_file_ids)
{
	const struct credentials *own = credentials_current(), *target;
	bool is_allowed;

	if (process == process_current())
		return true;
	if (!capability_is_held(CAPABILITY_PROCESS_INSPECT) || !capability_dominates(process))
		return false;
	if (privilege_is_held(PRIVILEGE_SYS_PTRACE))
		return true;
	rcu_read_lock();
	target = process_credentials(process);
	is_allowed = target && READ_ONCE(process->dumpable) == 1 &&
		is_same_user(by_file_ids ? own->fsuid : own->uid,
			     by_file_ids ? own->fsgid : own->gid, target);
	rcu_read_unlock();
	return is_allowed;
}

int permission_read_log(void)
{
	int error = capability_require(CAPABILITY_SYSTEM_LOG);

	if (error == 0 && !privilege_is_held(PRIVILEGE_SYSLOG) &&
	    !privilege_is_held(PRIVILEGE_SYS_ADMIN))
		return -EPERM;
	return error;
}

/* Bits of owner, group or others, as they apply to the thread. */
static unsigned bits_for(const struct inode *inode, const struct credentials *credentials)
{
	uint16_t mode = READ_ONCE(inode->attributes.mode);
	uint32_t gid = READ_ONCE(inode->attributes.gid);

	if (READ_ONCE(inode->attributes.uid) == credentials->fsuid)
		return mode >> 6 & 7;
	/* Only ask for groups when they make a difference. */
	if (((mode >> 3 ^ mode) & 7) == 0)
		return mode & 7;
	if (gid == credentials->fsgid || credentials_has_group(credentials, gid))
		return mode >> 3 & 7;
	return mode & 7;
}

static int permission_by_privilege(struct inode *inode, unsigned wanted)
{
	if (inode_is_directory(inode)) {
		if (!(wanted & MAY_WRITE) && privilege_is_held(PRIVILEGE_DAC_READ_SEARCH))
			return 0;
		return privilege_is_held(PRIVILEGE_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (wanted == MAY_READ && privilege_is_held(PRIVILEGE_DAC_READ_SEARCH))
		return 0;
	/* Execution needs at least one execute bit, whoever asks. */
	if ((wanted & MAY_EXECUTE) && !(inode->attributes.mode & 0111))
		return -EACCES;
	return privilege_is_held(PRIVILEGE_DAC_OVERRIDE) ? 0 : -EACCES;
}

int inode_permission(struct inode *inode, unsigned may)
{
	unsigned wanted = may & (MAY_READ | MAY_WRITE | MAY_EXECUTE);

	if (wanted & MAY_WRITE) {
		uint16_t type = inode_type(inode);

		if ((inode->superblock->flags & MS_RDONLY) &&
		    (type == S_IFREG || type == S_IFDIR || type == S_IFLNK))
			return -EROFS;
		if (inode->state & INODE_IMMUTABLE)
			return -EPERM;
	} else if (wanted == MAY_EXECUTE && (READ_ONCE(inode->attributes.mode) & 0111) == 0111) {
		return 0;
	}
	if ((bits_for(inode, credentials_current()) & wanted) == wanted)
		return 0;
	if (inode->operations->permission) {
		int answer = inode->operations->permission(inode);

		if (answer <= 0)
			return answer;
	}
	return permission_by_privilege(inode, wanted);
}

bool inode_is_owner(struct inode *inode)
{
	return READ_ONCE(inode->attributes.uid) == credentials_current()->fsuid ||
		privilege_is_held(PRIVILEGE_FOWNER);
}

bool inode_may_keep_setgid(struct inode *inode, uint32_t gid)
{
	const struct credentials *credentials = credentials_current();

	(void)inode;
	return gid == credentials->fsgid || credentials_has_group(credentials, gid) ||
		privilege_is_held(PRIVILEGE_FSETID);
}

int directory_may_create(struct name *directory)
{
	if (READ_ONCE(directory->flags) & NAME_DELETED)
		return -ENOENT;
	return inode_permission(directory->inode, MAY_WRITE | MAY_EXECUTE);
}

int directory_may_delete(struct name *directory, struct name *victim, bool is_directory)
{
	struct inode *parent = directory->inode, *inode = victim->inode;
	uint32_t fsuid = credentials_current()->fsuid;
	int error = inode_permission(parent, MAY_WRITE | MAY_EXECUTE);

	if (error)
		return error;
	if (parent->state & INODE_APPEND_ONLY)
		return -EPERM;
	if ((parent->attributes.mode & S_ISVTX) && inode->attributes.uid != fsuid &&
	    parent->attributes.uid != fsuid && !privilege_is_held(PRIVILEGE_FOWNER))
		return -EPERM;
	if (inode->state & (INODE_APPEND_ONLY | INODE_IMMUTABLE))
		return -EPERM;
	if (is_directory && !inode_is_directory(inode))
		return -ENOTDIR;
	if (is_directory && (victim->flags & NAME_IS_ROOT))
		return -EBUSY;
	if (!is_directory && inode_is_directory(inode))
		return -EISDIR;
	return READ_ONCE(directory->flags) & NAME_DELETED ? -ENOENT : 0;
}

void inode_owner_set(struct inode *inode, struct inode *directory)
{
	const struct credentials *credentials = credentials_current();
	struct inode_attributes *attributes = &inode->attributes;

	attributes->uid = credentials->fsuid;
	attributes->gid = credentials->fsgid;
	if (!directory || !(directory->attributes.mode & S_ISGID))
		return;
	attributes->gid = directory->attributes.gid;
	if (inode_is_directory(inode))
		attributes->mode |= S_ISGID;
	else if ((attributes->mode & (S_ISGID | 0010)) == (S_ISGID | 0010) &&
		 !inode_may_keep_setgid(inode, attributes->gid))
		attributes->mode &= (uint16_t)~S_ISGID;
}

/* As Debian's Linux starts: links are guarded, what O_CREAT finds is not. */
struct name_protection name_protection = { .symlinks = 1, .hardlinks = 1 };

int symlink_may_follow(struct inode *directory, struct inode *link)
{
	uint16_t mode = READ_ONCE(directory->attributes.mode);
	uint32_t owner = READ_ONCE(link->attributes.uid);

	if (!READ_ONCE(name_protection.symlinks) || owner == credentials_current()->fsuid)
		return 0;
	if ((mode & (S_ISVTX | 0002)) != (S_ISVTX | 0002))
		return 0;
	return READ_ONCE(directory->attributes.uid) == owner ? 0 : -EACCES;
}

/* Only of what one may read and write anyway, and what gives nobody another identity. */
static bool is_safe_source(struct inode *source)
{
	uint16_t mode = READ_ONCE(source->attributes.mode);

	if (inode_type(source) != S_IFREG || (mode & S_ISUID) ||
	    (mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
		return false;
	return inode_permission(source, MAY_READ | MAY_WRITE) == 0;
}

int hardlink_may_make(struct inode *source)
{
	if (!READ_ONCE(name_protection.hardlinks) || is_safe_source(source) ||
	    inode_is_owner(source))
		return 0;
	return -EPERM;
}

int sticky_may_open(struct inode *directory, struct inode *inode)
{
	uint16_t mode = READ_ONCE(directory->attributes.mode), type = inode_type(inode);
	uint32_t owner = READ_ONCE(inode->attributes.uid);
	int32_t level = type == S_IFIFO ? READ_ONCE(name_protection.fifos) :
		type == S_IFREG ? READ_ONCE(name_protection.regular) : 0;

	if (level == 0 || !(mode & S_ISVTX) || owner == credentials_current()->fsuid ||
	    owner == READ_ONCE(directory->attributes.uid))
		return 0;
	return (mode & 0002) || ((mode & 0020) && level >= 2) ? -EACCES : 0;
}

/*
 * Recipes for the old spellings of calls, which x86_64 alone has.
 */
#include "deny.h"
#include <utime.h>

static struct stat status;
static char buffer[4096];
static const struct timeval times[2] = { { 1, 0 }, { 1, 0 } };
static const struct utimbuf seconds = { 1, 1 };

DENY(open, file, read) { return CALL(SYS_open, "file", O_RDONLY, 0); }
DENY(open, file, write) { return CALL(SYS_open, "file", O_WRONLY, 0); }
DENY_ALSO(open, file, create, "file.write")
{
	return CALL(SYS_open, "new", O_CREAT | O_WRONLY, 0600);
}
DENY(open, file, list) { return CALL(SYS_open, "dir", O_DIRECTORY, 0); }
DENY_ALSO(creat, file, create, "file.write") { return CALL(SYS_creat, "new", 0600); }
DENY_ALSO(creat, file, write, "file.create") { return CALL(SYS_creat, "file", 0600); }
DENY(stat, file, list) { return CALL(SYS_stat, "file", &status); }
DENY(lstat, file, list) { return CALL(SYS_lstat, "link", &status); }
DENY(access, file, list) { return CALL(SYS_access, "file", R_OK); }
DENY(readlink, file, list) { return CALL(SYS_readlink, "link", buffer, sizeof(buffer)); }
DENY_ALSO(rename, file, create, "file.delete") { return CALL(SYS_rename, "file", "new"); }
DENY_ALSO(rename, file, delete, "file.create") { return CALL(SYS_rename, "file", "new"); }
DENY(mkdir, file, create) { return CALL(SYS_mkdir, "new", 0755); }
DENY(rmdir, file, delete) { return CALL(SYS_rmdir, "dir/empty"); }
DENY(link, file, create) { return CALL(SYS_link, "file", "new"); }
DENY(unlink, file, delete) { return CALL(SYS_unlink, "file"); }
DENY(symlink, file, create) { return CALL(SYS_symlink, "file", "new"); }
DENY(mknod, file, create) { return CALL(SYS_mknod, "new", S_IFIFO | 0600, 0); }
DENY(chmod, file, metadata) { return CALL(SYS_chmod, "file", 0600); }
DENY(chown, file, own) { return CALL(SYS_chown, "file", NOBODY, NOBODY); }
DENY(lchown, file, own) { return CALL(SYS_lchown, "link", NOBODY, NOBODY); }
DENY(utime, file, metadata) { return CALL(SYS_utime, "file", &seconds); }
DENY(utimes, file, metadata) { return CALL(SYS_utimes, "file", times); }
DENY(futimesat, file, metadata) { return CALL(SYS_futimesat, AT_FDCWD, "file", times); }
DENY(fork, process, create) { return deny_birth(SYS_fork, 0, NULL); }
DENY(vfork, process, create) { return deny_birth(SYS_vfork, 0, NULL); }

/*
 * Recipes for calls on files and mounts.
 */
#include "deny.h"
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

extern char **environ;

static struct stat status;
static char buffer[4096];
static const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

DENY(openat, file, read) { return CALL(SYS_openat, AT_FDCWD, "file", O_RDONLY, 0); }
DENY(openat, file, write) { return CALL(SYS_openat, AT_FDCWD, "file", O_WRONLY, 0); }
DENY_ALSO(openat, file, create, "file.write")
{
	return CALL(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_WRONLY, 0600);
}
DENY(openat, file, list) { return CALL(SYS_openat, AT_FDCWD, "file", O_PATH, 0); }

static long open_how(uint64_t flags, uint64_t mode)
{
	struct kernel_open_how how = { .flags = flags, .mode = mode };

	return CALL(SYS_openat2, AT_FDCWD, flags & O_CREAT ? "new" : "file", &how, sizeof(how));
}

DENY(openat2, file, read) { return open_how(O_RDONLY, 0); }
DENY(openat2, file, write) { return open_how(O_WRONLY, 0); }
DENY_ALSO(openat2, file, create, "file.write") { return open_how(O_CREAT | O_WRONLY, 0600); }
DENY(openat2, file, list) { return open_how(O_PATH, 0); }
DENY(newfstatat, file, list) { return CALL(SYS_newfstatat, AT_FDCWD, "file", &status, 0); }
DENY(statx, file, list) { return CALL(SYS_statx, AT_FDCWD, "file", 0, 0x7ff, buffer); }
DENY(faccessat, file, list) { return CALL(SYS_faccessat, AT_FDCWD, "file", R_OK); }
DENY(faccessat2, file, list) { return CALL(SYS_faccessat2, AT_FDCWD, "file", R_OK, 0); }
DENY(readlinkat, file, list)
{
	return CALL(SYS_readlinkat, AT_FDCWD, "link", buffer, sizeof(buffer));
}
DENY(statfs, file, list) { return CALL(SYS_statfs, "file", buffer); }
DENY(truncate, file, write) { return CALL(SYS_truncate, "file", 1); }
DENY(chdir, file, list) { return CALL(SYS_chdir, "dir"); }
DENY(fchdir, file, list) { return CALL(SYS_fchdir, deny_world.directory); }
DENY_ALSO(renameat, file, create, "file.delete")
{
	return CALL(SYS_renameat, AT_FDCWD, "file", AT_FDCWD, "new");
}
DENY_ALSO(renameat, file, delete, "file.create")
{
	return CALL(SYS_renameat, AT_FDCWD, "file", AT_FDCWD, "new");
}
DENY_ALSO(renameat2, file, create, "file.delete")
{
	return CALL(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "link", 2);
}
DENY_ALSO(renameat2, file, delete, "file.create")
{
	return CALL(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "new", 1);
}
DENY(mkdirat, file, create) { return CALL(SYS_mkdirat, AT_FDCWD, "new", 0755); }
DENY(linkat, file, create) { return CALL(SYS_linkat, AT_FDCWD, "file", AT_FDCWD, "new", 0); }
DENY(unlinkat, file, delete) { return CALL(SYS_unlinkat, AT_FDCWD, "file", 0); }
DENY(symlinkat, file, create) { return CALL(SYS_symlinkat, "file", AT_FDCWD, "new"); }
DENY(mknodat, file, create) { return CALL(SYS_mknodat, AT_FDCWD, "new", S_IFIFO | 0600, 0); }
DENY(fchmod, file, metadata) { return CALL(SYS_fchmod, deny_world.file, 0600); }
DENY(fchmodat, file, metadata) { return CALL(SYS_fchmodat, AT_FDCWD, "file", 0600); }
DENY(fchown, file, own) { return CALL(SYS_fchown, deny_world.file, NOBODY, NOBODY); }
DENY(fchownat, file, own) { return CALL(SYS_fchownat, AT_FDCWD, "file", NOBODY, NOBODY, 0); }
DENY(utimensat, file, metadata) { return CALL(SYS_utimensat, AT_FDCWD, "file", times, 0); }

static int watcher;

static void watcher_open(void)
{
	watcher = REQUIRE_OK(inotify_init());
}

DENY_WITH(inotify_add_watch, file, list, "", watcher_open)
{
	return CALL(SYS_inotify_add_watch, watcher, "file", IN_MODIFY);
}
DENY(setxattr, file, metadata) { return CALL(SYS_setxattr, "file", "user.b", "2", 1, 0); }
DENY(lsetxattr, file, metadata) { return CALL(SYS_lsetxattr, "file", "user.b", "2", 1, 0); }
DENY(fsetxattr, file, metadata)
{
	return CALL(SYS_fsetxattr, deny_world.file, "user.b", "2", 1, 0);
}
DENY(getxattr, file, list) { return CALL(SYS_getxattr, "file", "user.a", buffer, sizeof(buffer)); }
DENY(lgetxattr, file, list)
{
	return CALL(SYS_lgetxattr, "file", "user.a", buffer, sizeof(buffer));
}
DENY(listxattr, file, list) { return CALL(SYS_listxattr, "file", buffer, sizeof(buffer)); }
DENY(llistxattr, file, list) { return CALL(SYS_llistxattr, "file", buffer, sizeof(buffer)); }
DENY(removexattr, file, metadata) { return CALL(SYS_removexattr, "file", "user.a"); }
DENY(lremovexattr, file, metadata) { return CALL(SYS_lremovexattr, "file", "user.a"); }
DENY(fremovexattr, file, metadata) { return CALL(SYS_fremovexattr, deny_world.file, "user.a"); }

static void mount_here(void)
{
	REQUIRE_OK(mount("none", "dir", "tmpfs", 0, NULL));
}

/* A root that is a mount, with another one in it. */
static void roots_make(void)
{
	mount_here();
	REQUIRE_OK(chroot("dir"));
	REQUIRE_OK(chdir("/"));
	REQUIRE_OK(mkdir("new", 0755));
	REQUIRE_OK(mount("none", "new", "tmpfs", 0, NULL));
	REQUIRE_OK(mkdir("new/old", 0755));
}

DENY(mount, mount, change) { return CALL(SYS_mount, "none", "dir", "tmpfs", 0, NULL); }
DENY_WITH(umount2, mount, change, "", mount_here) { return CALL(SYS_umount2, "dir", 0); }
DENY(chroot, mount, change) { return CALL(SYS_chroot, "dir"); }
DENY_WITH(pivot_root, mount, change, "", roots_make)
{
	return CALL(SYS_pivot_root, "new", "new/old");
}

/* Ends with the status that says so. */
HELPER(executed)
{
	(void)argc;
	(void)argv;
	return 42;
}

static char *const words[] = { check_program, "--helper", "executed", NULL };

DENY(execve, file, execute) { return CALL(SYS_execve, check_program, words, environ); }
DENY(execveat, file, execute)
{
	return CALL(SYS_execveat, AT_FDCWD, check_program, words, environ, 0);
}

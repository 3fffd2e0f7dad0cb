/*
 * Extended attributes: the twelve calls, name spaces, sizes and permission.
 */
#include "support.h"

#define CREATE 1
#define REPLACE 2

static long set(const char *name, const char *key, const char *value, int flags)
{
	return syscall(SYS_setxattr, name, key, value, strlen(value), flags);
}

TEST(set_and_get)
{
	char buffer[16];

	file_write("f", "");
	CHECK_OK(set("f", "trusted.a", "hello", 0));
	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(syscall(SYS_getxattr, "f", "trusted.a", buffer, sizeof(buffer)), 5);
	CHECK_BYTES(buffer, "hello", 5);
	CHECK_UNTOUCHED(buffer + 5, 11);
	CHECK_EQUAL(syscall(SYS_getxattr, "f", "trusted.a", NULL, 0), 5);
	CHECK_ERRNO(syscall(SYS_getxattr, "f", "trusted.a", buffer, 4), ERANGE);
	CHECK_ERRNO(syscall(SYS_getxattr, "f", "trusted.b", buffer, 16), ENODATA);
	CHECK_OK(set("f", "trusted.a", "", 0));
	CHECK_EQUAL(syscall(SYS_getxattr, "f", "trusted.a", buffer, 16), 0);
}

TEST(create_and_replace)
{
	file_write("f", "");
	CHECK_ERRNO(set("f", "trusted.a", "1", REPLACE), ENODATA);
	CHECK_OK(set("f", "trusted.a", "1", CREATE));
	CHECK_ERRNO(set("f", "trusted.a", "2", CREATE), EEXIST);
	CHECK_OK(set("f", "trusted.a", "2", REPLACE));
	CHECK_ERRNO(set("f", "trusted.a", "2", 4), EINVAL);
}

TEST(list_and_remove)
{
	char buffer[64];

	file_write("f", "");
	CHECK_EQUAL(syscall(SYS_listxattr, "f", buffer, 64), 0);
	REQUIRE_OK(set("f", "trusted.one", "1", 0));
	REQUIRE_OK(set("f", "trusted.two", "2", 0));
	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(syscall(SYS_listxattr, "f", buffer, 64), 24);
	CHECK(memcmp(buffer, "trusted.one\0trusted.two", 24) == 0 ||
	      memcmp(buffer, "trusted.two\0trusted.one", 24) == 0);
	CHECK_UNTOUCHED(buffer + 24, 40);
	CHECK_EQUAL(syscall(SYS_listxattr, "f", NULL, 0), 24);
	CHECK_ERRNO(syscall(SYS_listxattr, "f", buffer, 23), ERANGE);
	CHECK_OK(syscall(SYS_removexattr, "f", "trusted.one"));
	CHECK_ERRNO(syscall(SYS_removexattr, "f", "trusted.one"), ENODATA);
	CHECK_EQUAL(syscall(SYS_listxattr, "f", buffer, 64), 12);
	CHECK_TEXT(buffer, "trusted.two");
}

TEST(by_descriptor)
{
	char buffer[32];
	int fd;

	file_write("f", "");
	fd = file_open("f", O_RDONLY);
	CHECK_OK(syscall(SYS_fsetxattr, fd, "trusted.a", "xy", 2, 0));
	CHECK_EQUAL(syscall(SYS_fgetxattr, fd, "trusted.a", buffer, 32), 2);
	CHECK_EQUAL(syscall(SYS_flistxattr, fd, buffer, 32), 10);
	CHECK_OK(syscall(SYS_fremovexattr, fd, "trusted.a"));
	CHECK_EQUAL(syscall(SYS_flistxattr, fd, buffer, 32), 0);
	CHECK_ERRNO(syscall(SYS_fsetxattr, 999, "trusted.a", "xy", 2, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_fgetxattr, 999, "trusted.a", buffer, 32), EBADF);
	CHECK_ERRNO(syscall(SYS_flistxattr, 999, buffer, 32), EBADF);
	CHECK_ERRNO(syscall(SYS_fremovexattr, 999, "trusted.a"), EBADF);
}

TEST(of_links)
{
	char buffer[32];

	file_write("f", "");
	REQUIRE_OK(symlink("f", "s"));
	CHECK_OK(syscall(SYS_lsetxattr, "s", "trusted.l", "link", 4, 0));
	CHECK_OK(syscall(SYS_setxattr, "s", "trusted.f", "file", 4, 0));
	CHECK_EQUAL(syscall(SYS_lgetxattr, "s", "trusted.l", buffer, 32), 4);
	CHECK_ERRNO(syscall(SYS_lgetxattr, "s", "trusted.f", buffer, 32), ENODATA);
	CHECK_ERRNO(syscall(SYS_getxattr, "f", "trusted.l", buffer, 32), ENODATA);
	CHECK_EQUAL(syscall(SYS_llistxattr, "s", buffer, 32), 10);
	CHECK_TEXT(buffer, "trusted.l");
	CHECK_OK(syscall(SYS_lremovexattr, "s", "trusted.l"));
	CHECK_EQUAL(syscall(SYS_llistxattr, "s", buffer, 32), 0);
	CHECK_EQUAL(syscall(SYS_listxattr, "s", buffer, 32), 10);
}

TEST(names_and_sizes_refused)
{
	char name[300], *value = calloc(1, 70000), buffer[8];

	file_write("f", "");
	memset(name, 'a', sizeof(name));
	memcpy(name, "trusted.", 8);
	name[255] = 0;
	CHECK_OK(set("f", name, "1", 0));
	name[255] = 'a';
	name[256] = 0;
	CHECK_ERRNO(set("f", name, "1", 0), ERANGE);
	CHECK_ERRNO(set("f", "", "1", 0), ERANGE);
	CHECK_ERRNO(set("f", "nonsense.a", "1", 0), EOPNOTSUPP);
	CHECK_ERRNO(set("f", "trusted", "1", 0), EOPNOTSUPP);
	CHECK_ERRNO(set("f", "trusted.", "1", 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_getxattr, "f", "nonsense.a", buffer, 8), EOPNOTSUPP);
	CHECK_ERRNO(syscall(SYS_setxattr, "f", "trusted.b", value, 65537, 0), E2BIG);
	CHECK_ERRNO(syscall(SYS_setxattr, "f", "trusted.b", value, -1l, 0), E2BIG);
	CHECK_OK(syscall(SYS_setxattr, "f", "trusted.b", value, 65536, 0));
	CHECK_EQUAL(syscall(SYS_getxattr, "f", "trusted.b", value, 70000), 65536);
	CHECK_EQUAL(syscall(SYS_getxattr, "f", "trusted.b", value, -1l), 65536);
}

TEST(bad_pointers)
{
	char buffer[8];

	file_write("f", "");
	REQUIRE_OK(set("f", "trusted.a", "1", 0));
	CHECK_FAULTS(syscall(SYS_setxattr, bad, "trusted.a", "1", 1, 0));
	CHECK_FAULTS(syscall(SYS_setxattr, "f", bad, "1", 1, 0));
	CHECK_FAULTS(syscall(SYS_setxattr, "f", "trusted.a", bad, 1, 0));
	CHECK_FAULTS(syscall(SYS_getxattr, bad, "trusted.a", buffer, 8));
	CHECK_FAULTS(syscall(SYS_getxattr, "f", bad, buffer, 8));
	CHECK_FAULTS(syscall(SYS_getxattr, "f", "trusted.a", bad, 8));
	CHECK_FAULTS(syscall(SYS_lgetxattr, "f", "trusted.a", bad, 8));
	CHECK_FAULTS(syscall(SYS_listxattr, bad, buffer, 8));
	CHECK_FAULTS(syscall(SYS_listxattr, "f", bad, 64));
	CHECK_FAULTS(syscall(SYS_llistxattr, "f", bad, 64));
	CHECK_FAULTS(syscall(SYS_removexattr, bad, "trusted.a"));
	CHECK_FAULTS(syscall(SYS_removexattr, "f", bad));
	CHECK_FAULTS(syscall(SYS_lremovexattr, "f", bad));
	CHECK_FAULTS(syscall(SYS_lsetxattr, "f", "trusted.a", bad, 1, 0));
	CHECK_EQUAL(syscall(SYS_getxattr, "f", "trusted.a", buffer, 8), 1);
}

TEST(missing_files)
{
	char buffer[8];

	CHECK_ERRNO(set("none", "trusted.a", "1", 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_getxattr, "none", "trusted.a", buffer, 8), ENOENT);
	CHECK_ERRNO(syscall(SYS_lgetxattr, "none", "trusted.a", buffer, 8), ENOENT);
	CHECK_ERRNO(syscall(SYS_listxattr, "none", buffer, 8), ENOENT);
	CHECK_ERRNO(syscall(SYS_llistxattr, "none", buffer, 8), ENOENT);
	CHECK_ERRNO(syscall(SYS_removexattr, "none", "trusted.a"), ENOENT);
	CHECK_ERRNO(syscall(SYS_lremovexattr, "none", "trusted.a"), ENOENT);
	CHECK_ERRNO(syscall(SYS_lsetxattr, "none", "trusted.a", "1", 1, 0), ENOENT);
}

TEST(trusted_names_are_root_s)
{
	char buffer[64];

	file_write("f", "");
	REQUIRE_OK(set("f", "trusted.a", "1", 0));
	REQUIRE_OK(chmod("f", 0666));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(set("f", "trusted.b", "1", 0), EPERM);
		CHECK_ERRNO(syscall(SYS_getxattr, "f", "trusted.a", buffer, 64), ENODATA);
		CHECK_EQUAL(syscall(SYS_listxattr, "f", buffer, 64), 0);
		CHECK_ERRNO(syscall(SYS_removexattr, "f", "trusted.a"), EPERM);
	}
}

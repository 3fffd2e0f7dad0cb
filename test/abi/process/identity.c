/*
 * User and group identities: every call that sets one, with its rules for root
 * and others, groups, and the shape of capget and capset.
 */
#include "support.h"
#include <sys/prctl.h>

#define SAME (-1)

static void check_users(const struct check_place *place, int real, int effective, int saved)
{
	unsigned int ids[4];
	char text[80], want[80];

	poison(ids, sizeof(ids));
	syscall(SYS_getresuid, &ids[0], &ids[1], &ids[2]);
	check_filled(place, &ids[3], POISON, 4);
	check_equal(place, ids[0], real);
	check_equal(place, ids[1], effective);
	check_equal(place, ids[2], saved);
	check_equal(place, syscall(SYS_getuid), real);
	check_equal(place, syscall(SYS_geteuid), effective);
	field_text("/proc/self/status", "Uid", text, sizeof(text));
	snprintf(want, sizeof(want), "%d\t%d\t%d\t%d", real, effective, saved, effective);
	check_text(place, text, want);
}

static void check_groups(const struct check_place *place, int real, int effective, int saved)
{
	unsigned int ids[4];

	poison(ids, sizeof(ids));
	syscall(SYS_getresgid, &ids[0], &ids[1], &ids[2]);
	check_filled(place, &ids[3], POISON, 4);
	check_equal(place, ids[0], real);
	check_equal(place, ids[1], effective);
	check_equal(place, ids[2], saved);
	check_equal(place, syscall(SYS_getgid), real);
	check_equal(place, syscall(SYS_getegid), effective);
}

#define CHECK_USERS(real, effective, saved) check_users(PLACE("users"), real, effective, saved)
#define CHECK_GROUPS(real, effective, saved) check_groups(PLACE("groups"), real, effective, saved)

TEST(setuid_by_root_sets_all)
{
	CHECK_USERS(0, 0, 0);
	IN_CHILD {
		CHECK_OK(syscall(SYS_setuid, 1000));
		CHECK_USERS(1000, 1000, 1000);
		CHECK_ERRNO(syscall(SYS_setuid, 0), EPERM);
		CHECK_ERRNO(syscall(SYS_setuid, 1001), EPERM);
		CHECK_OK(syscall(SYS_setuid, 1000));
	}
	CHECK_ERRNO(syscall(SYS_setuid, -1), EINVAL);
	CHECK_USERS(0, 0, 0);
}

TEST(setuid_by_others_sets_the_effective)
{
	REQUIRE_OK(syscall(SYS_setresuid, 1000, 1001, 1002));
	CHECK_OK(syscall(SYS_setuid, 1002));
	CHECK_USERS(1000, 1002, 1002);
	CHECK_OK(syscall(SYS_setuid, 1000));
	CHECK_USERS(1000, 1000, 1002);
	CHECK_ERRNO(syscall(SYS_setuid, 1001), EPERM);
}

TEST(setreuid_rules)
{
	IN_CHILD {
		CHECK_OK(syscall(SYS_setreuid, 5, 6));
		CHECK_USERS(5, 6, 6);
		CHECK_OK(syscall(SYS_setreuid, 6, 5));
		CHECK_USERS(6, 5, 5);
		CHECK_ERRNO(syscall(SYS_setreuid, 7, SAME), EPERM);
		CHECK_ERRNO(syscall(SYS_setreuid, SAME, 7), EPERM);
		CHECK_OK(syscall(SYS_setreuid, SAME, 6));
		CHECK_USERS(6, 6, 5);
	}
	IN_CHILD {
		CHECK_OK(syscall(SYS_setreuid, SAME, 8));
		CHECK_USERS(0, 8, 8);
	}
}

TEST(setresuid_rules)
{
	CHECK_OK(syscall(SYS_setresuid, 10, 20, 30));
	CHECK_USERS(10, 20, 30);
	CHECK_OK(syscall(SYS_setresuid, 20, 30, 10));
	CHECK_USERS(20, 30, 10);
	CHECK_ERRNO(syscall(SYS_setresuid, 40, SAME, SAME), EPERM);
	CHECK_ERRNO(syscall(SYS_setresuid, SAME, 40, SAME), EPERM);
	CHECK_ERRNO(syscall(SYS_setresuid, SAME, SAME, 40), EPERM);
	CHECK_ERRNO(syscall(SYS_setresuid, 10, 20, 40), EPERM);
	CHECK_OK(syscall(SYS_setresuid, SAME, SAME, SAME));
	CHECK_USERS(20, 30, 10);
}

TEST(group_calls_by_root)
{
	CHECK_GROUPS(0, 0, 0);
	CHECK_OK(syscall(SYS_setresgid, 10, 20, 30));
	CHECK_GROUPS(10, 20, 30);
	CHECK_OK(syscall(SYS_setgid, 5));
	CHECK_GROUPS(5, 5, 5);
	CHECK_OK(syscall(SYS_setregid, 6, 7));
	CHECK_GROUPS(6, 7, 7);
	CHECK_ERRNO(syscall(SYS_setgid, -1), EINVAL);
}

TEST(group_calls_by_others)
{
	REQUIRE_OK(syscall(SYS_setresgid, 10, 20, 30));
	REQUIRE_OK(syscall(SYS_setresuid, 1000, 1000, 1000));
	CHECK_OK(syscall(SYS_setgid, 30));
	CHECK_GROUPS(10, 30, 30);
	CHECK_ERRNO(syscall(SYS_setgid, 20), EPERM);
	CHECK_ERRNO(syscall(SYS_setresgid, 20, SAME, SAME), EPERM);
	CHECK_OK(syscall(SYS_setregid, SAME, 10));
	CHECK_GROUPS(10, 10, 30);
	CHECK_ERRNO(syscall(SYS_setregid, 20, SAME), EPERM);
	CHECK_ERRNO(syscall(SYS_setgroups, 0, NULL), EPERM);
}

TEST(ids_with_bad_pointers)
{
	unsigned int id;

	CHECK_FAULTS(syscall(SYS_getresuid, bad, &id, &id));
	CHECK_FAULTS(syscall(SYS_getresuid, &id, bad, &id));
	CHECK_FAULTS(syscall(SYS_getresuid, &id, &id, bad));
	CHECK_FAULTS(syscall(SYS_getresgid, bad, &id, &id));
	CHECK_FAULTS(syscall(SYS_getresgid, &id, bad, &id));
	CHECK_FAULTS(syscall(SYS_getresgid, &id, &id, bad));
}

TEST(file_system_ids)
{
	CHECK_EQUAL(syscall(SYS_setfsuid, 50), 0);
	CHECK_EQUAL(syscall(SYS_setfsuid, -1), 50);
	CHECK_EQUAL(syscall(SYS_setfsgid, 60), 0);
	CHECK_EQUAL(syscall(SYS_setfsgid, -1), 60);
	CHECK_EQUAL(syscall(SYS_geteuid), 0);
	CHECK_OK(syscall(SYS_setresuid, SAME, 0, SAME));
	CHECK_EQUAL(syscall(SYS_setfsuid, -1), 0);
}

TEST(file_system_ids_make_files)
{
	struct stat status;

	REQUIRE_OK(chmod(".", 0777));
	CHECK_EQUAL(syscall(SYS_setfsgid, 60), 0);
	CHECK_EQUAL(syscall(SYS_setfsuid, 50), 0);
	file_write("f", "");
	REQUIRE_OK(stat("f", &status));
	CHECK_EQUAL(status.st_uid, 50);
	CHECK_EQUAL(status.st_gid, 60);
	REQUIRE_OK(syscall(SYS_setresuid, 1000, 1000, 1000));
	CHECK_EQUAL(syscall(SYS_setfsuid, 50), 1000);
	CHECK_EQUAL(syscall(SYS_setfsuid, -1), 1000);
}

TEST(supplementary_groups)
{
	unsigned int groups[6], back[6];

	for (int i = 0; i < 5; i++)
		groups[i] = 100 + i;
	CHECK_OK(syscall(SYS_setgroups, 5, groups));
	poison(back, sizeof(back));
	CHECK_EQUAL(syscall(SYS_getgroups, 6, back), 5);
	CHECK_BYTES(back, groups, 20);
	CHECK_UNTOUCHED(&back[5], 4);
	CHECK_EQUAL(syscall(SYS_getgroups, 0, NULL), 5);
	CHECK_ERRNO(syscall(SYS_getgroups, 4, back), EINVAL);
	CHECK_ERRNO(syscall(SYS_getgroups, -1, back), EINVAL);
	CHECK_FAULTS(syscall(SYS_getgroups, 6, bad));
	CHECK_FAULTS(syscall(SYS_setgroups, 5, bad));
	CHECK_ERRNO(syscall(SYS_setgroups, 65537, groups), EINVAL);
	CHECK_ERRNO(syscall(SYS_setgroups, -1, groups), EINVAL);
	groups[2] = -1;
	CHECK_ERRNO(syscall(SYS_setgroups, 5, groups), EINVAL);
	CHECK_OK(syscall(SYS_setgroups, 0, NULL));
	CHECK_EQUAL(syscall(SYS_getgroups, 6, back), 0);
}

TEST(many_supplementary_groups)
{
	unsigned int *groups = calloc(65536, sizeof(*groups));

	for (int i = 0; i < 65536; i++)
		groups[i] = i + 1;
	CHECK_OK(syscall(SYS_setgroups, 65536, groups));
	CHECK_EQUAL(syscall(SYS_getgroups, 65536, groups), 65536);
	CHECK_EQUAL(groups[65535], 65536);
}

TEST(capget_shapes)
{
	struct kernel_capability_header header = { CAPABILITY_VERSION_3, 0 };
	struct kernel_capability_data data[3];

	poison(data, sizeof(data));
	CHECK_OK(syscall(SYS_capget, &header, data));
	CHECK_UNTOUCHED(&data[2], sizeof(data[2]));
	CHECK(data[0].effective & 1);
	CHECK_EQUAL(data[0].permitted & data[0].effective, data[0].effective);
	CHECK_EQUAL(data[1].effective & ~0x1ffu, 0);
	header.version = CAPABILITY_VERSION_1;
	poison(data, sizeof(data));
	CHECK_OK(syscall(SYS_capget, &header, data));
	CHECK_UNTOUCHED(&data[1], 2 * sizeof(data[1]));
	header.version = 77;
	CHECK_ERRNO(syscall(SYS_capget, &header, data), EINVAL);
	CHECK_EQUAL(header.version, CAPABILITY_VERSION_3);
	header.version = 77;
	CHECK_OK(syscall(SYS_capget, &header, NULL));
	CHECK_EQUAL(header.version, CAPABILITY_VERSION_3);
	header.pid = 0x7ffffff0;
	CHECK_ERRNO(syscall(SYS_capget, &header, data), ESRCH);
	header.pid = -1;
	CHECK_ERRNO(syscall(SYS_capget, &header, data), EINVAL);
	header.pid = getppid();
	CHECK_OK(syscall(SYS_capget, &header, data));
	CHECK_FAULTS(syscall(SYS_capget, bad, data));
	CHECK_FAULTS(syscall(SYS_capget, &header, bad));
}

TEST(capset_drops_and_refuses)
{
	struct kernel_capability_header header = { CAPABILITY_VERSION_3, 0 };
	struct kernel_capability_data data[2], wider[2];

	REQUIRE_OK(syscall(SYS_capget, &header, data));
	memcpy(wider, data, sizeof(data));
	data[0].effective &= ~1u;
	CHECK_OK(syscall(SYS_capset, &header, data));
	data[0].permitted &= ~1u;
	CHECK_OK(syscall(SYS_capset, &header, data));
	CHECK_ERRNO(syscall(SYS_capset, &header, wider), EPERM);
	REQUIRE_OK(syscall(SYS_capget, &header, wider));
	CHECK_BYTES(wider, data, sizeof(data));
	data[0].effective |= 1;
	CHECK_ERRNO(syscall(SYS_capset, &header, data), EPERM);
	header.pid = 0x7ffffff0;
	CHECK_ERRNO(syscall(SYS_capset, &header, data), EPERM);
	header.pid = 0;
	CHECK_FAULTS(syscall(SYS_capset, bad, data));
	CHECK_FAULTS(syscall(SYS_capset, &header, bad));
}

TEST(capabilities_follow_user_ids)
{
	struct kernel_capability_header header = { CAPABILITY_VERSION_3, 0 };
	struct kernel_capability_data data[2];

	IN_CHILD {
		REQUIRE_OK(syscall(SYS_setresuid, 0, 1000, 0));
		CHECK_OK(syscall(SYS_capget, &header, data));
		CHECK_EQUAL(data[0].effective, 0);
		CHECK(data[0].permitted & 1);
		REQUIRE_OK(syscall(SYS_setresuid, 0, 0, 0));
		CHECK_OK(syscall(SYS_capget, &header, data));
		CHECK(data[0].effective & 1);
		REQUIRE_OK(syscall(SYS_setresuid, 1000, 1000, 1000));
		CHECK_OK(syscall(SYS_capget, &header, data));
		CHECK_EQUAL(data[0].effective | data[0].permitted, 0);
	}
	IN_CHILD {
		CHECK_EQUAL(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), 0);
		REQUIRE_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
		REQUIRE_OK(syscall(SYS_setresuid, 1000, 1000, 1000));
		CHECK_OK(syscall(SYS_capget, &header, data));
		CHECK_EQUAL(data[0].effective, 0);
		CHECK(data[0].permitted & 1);
	}
}

TEST(signals_need_the_same_user)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_kill, pid, 0), EPERM);
		CHECK_ERRNO(syscall(SYS_kill, pid, SIGKILL), EPERM);
	}
	IN_CHILD {
		REQUIRE_OK(syscall(SYS_setresuid, 0, 1000, 1000));
		CHECK_OK(syscall(SYS_kill, pid, 0));
	}
	IN_CHILD {
		REQUIRE_OK(syscall(SYS_setresuid, 1000, 1000, 0));
		CHECK_ERRNO(syscall(SYS_kill, pid, 0), EPERM);
	}
	REQUIRE_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}

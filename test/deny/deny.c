/*
 * Tries a recipe without the right and with nothing but it, each in a process of its own, and looks
 * up in /proc/self/denials that it was this right that was missing.
 */
#include "deny.h"
#include <sys/mount.h>
#include <sys/xattr.h>

#ifndef SYS_capability_drop
#define SYS_capability_drop 1024
#endif

enum { RIGHT_WORDS = 2, NOT_MADE = -4095, EXECUTED = 42, TEXT_BYTES = 4096 };

struct deny_world deny_world;

static struct deny_recipe *recipes;

/* What an attempt found, for its parent. */
struct attempt {
	long result;
	int denials;
};

void deny_add(struct deny_recipe *recipe)
{
	recipe->next = recipes;
	recipes = recipe;
}

long deny_result(long result)
{
	return result == -1 ? -errno : result;
}

static bool list_has(const char *list, const char *right)
{
	size_t length = strlen(right);

	for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		if (!strncmp(at, right, length) && (at[length] == ',' || !at[length]))
			return true;
	}
	return false;
}

static long keep_if(const char *list, bool is_listed)
{
	uint64_t keep[RIGHT_WORDS] = { 0 };

	for (unsigned i = 0; i < deny_right_count; i++) {
		if (list_has(list, deny_rights[i]) == is_listed)
			keep[i / 64] |= 1ull << i % 64;
	}
	return CALL(SYS_capability_drop, keep, (deny_right_count + 63) / 64 * 8);
}

long deny_keep(const char *rights)
{
	return keep_if(rights, true);
}

long deny_drop(const char *rights)
{
	return keep_if(rights, false);
}

static void victim_start(void)
{
	int ready[2];
	char byte;

	REQUIRE_OK(pipe(ready));
	deny_world.victim = REQUIRE_OK(fork());
	if (deny_world.victim == 0) {
		/* Without rights, so that whoever asks holds no less than it does. */
		deny_keep("");
		write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	read(ready[0], &byte, 1);
	close(ready[0]);
	close(ready[1]);
	deny_world.victim_file = REQUIRE_OK(syscall(SYS_pidfd_open, deny_world.victim, 0));
}

static void world_make(void)
{
	file_write("file", "text");
	REQUIRE_OK(mkdir("dir", 0755));
	REQUIRE_OK(mkdir("dir/empty", 0755));
	REQUIRE_OK(symlink("file", "link"));
	REQUIRE_OK(setxattr("file", "user.a", "1", 1, 0));
	deny_world.file = REQUIRE_OK(open("file", O_RDWR));
	deny_world.directory = REQUIRE_OK(open("dir", O_RDONLY | O_DIRECTORY));
	victim_start();
}

/* How often the right was refused, by a file that was opened while everything was allowed. */
static int denials_read(int fd, const char *right)
{
	char text[TEXT_BYTES], line[64];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
	const char *found;

	if (length < 0)
		return -1;
	text[length] = '\0';
	snprintf(line, sizeof(line), "%s ", right);
	found = strstr(text, line);
	return found ? atoi(found + strlen(line)) : 0;
}

static void attempt_run(const struct deny_recipe *recipe, const char *kept, struct attempt *attempt)
{
	int denials = REQUIRE_OK(open("/proc/self/denials", O_RDONLY));

	if (recipe->prepare)
		recipe->prepare();
	REQUIRE(kept ? deny_keep(kept) == 0 : deny_drop(recipe->right) == 0);
	attempt->result = recipe->make();
	attempt->denials = denials_read(denials, recipe->right);
	kill(deny_world.victim, SIGKILL);
	_exit(0);
}

/* `kept` NULL: without the right only. Starts in a fresh directory, which is left behind. */
static struct attempt try(const struct deny_recipe *recipe, const char *kept, const char *place)
{
	struct attempt *shared = pages_shared(1), found;
	char back[TEXT_BYTES], mounted[64];
	pid_t pid;

	REQUIRE(getcwd(back, sizeof(back)));
	REQUIRE_OK(mkdir(place, 0755));
	REQUIRE_OK(chdir(place));
	world_make();
	shared->result = NOT_MADE;
	pid = REQUIRE_OK(fork());
	if (pid == 0)
		attempt_run(recipe, kept, shared);
	if (child_exit_code(pid) == EXECUTED)
		shared->result = 0;
	found = *shared;
	kill(deny_world.victim, SIGKILL);
	child_wait(deny_world.victim);
	REQUIRE_OK(chdir(back));
	/* What a recipe mounted would keep the directory from being removed. */
	snprintf(mounted, sizeof(mounted), "%s/dir", place);
	while (umount2(mounted, MNT_DETACH) == 0)
		;
	return found;
}

void deny_check(const char *call, const char *right)
{
	int refusal = strncmp(right, "file.", 5) ? EPERM : EACCES;
	unsigned number = 0;

	for (struct deny_recipe *recipe = recipes; recipe; recipe = recipe->next) {
		struct attempt denied, granted;
		char kept[256], place[32];

		if (strcmp(recipe->call, call) || strcmp(recipe->right, right))
			continue;
		snprintf(place, sizeof(place), "without%u", number);
		denied = try(recipe, NULL, place);
		CHECK_EQUAL(denied.result, -refusal);
		CHECK_AT_LEAST(denied.denials, 1);
		snprintf(kept, sizeof(kept), "%s,%s", right, recipe->also);
		snprintf(place, sizeof(place), "with%u", number++);
		granted = try(recipe, kept, place);
		CHECK_AT_LEAST(granted.result, 0);
	}
	/* A right that a call says it needs, and nobody knows how to ask for. */
	CHECK_AT_LEAST(number, 1);
}

TEST(every_recipe_is_for_a_pair)
{
	for (struct deny_recipe *recipe = recipes; recipe; recipe = recipe->next) {
		bool is_known = false;

		for (unsigned i = 0; i < deny_pair_count; i++)
			is_known |= !strcmp(deny_pairs[i].call, recipe->call) &&
				!strcmp(deny_pairs[i].right, recipe->right);
		CHECK(is_known);
	}
}

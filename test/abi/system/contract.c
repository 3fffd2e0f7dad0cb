/*
 * What programs may count on beside the calls: the auxiliary vector, the links
 * in /dev, terminals by their newer ioctls, and the files that only Aegis has.
 */
#include "support.h"
#include "terminal/pair.h"
#include <sys/auxv.h>

static char text[16384];

/* Whether a tag stands in the vector, whatever its value. */
static bool vector_has(unsigned long tag)
{
	unsigned long pairs[128];
	int fd = file_open("/proc/self/auxv", O_RDONLY);
	long got = read(fd, pairs, sizeof(pairs));

	close(fd);
	for (long i = 0; i + 16 <= got; i += 16)
		if (pairs[i / 8] == tag)
			return true;
	return false;
}

TEST(auxiliary_vector_is_complete)
{
	static const unsigned long tags[] = {
		AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_UID,
		AT_EUID, AT_GID, AT_EGID, AT_SECURE, AT_RANDOM, AT_HWCAP, AT_HWCAP2, AT_PLATFORM,
		AT_EXECFN, AT_CLKTCK, AT_SYSINFO_EHDR, AT_MINSIGSTKSZ,
	};

	for (size_t i = 0; i < COUNT(tags); i++)
		if (!check_true(PLACE("tag"), vector_has(tags[i])))
			printf("# tag %lu\n", tags[i]);
	CHECK_AT_LEAST(getauxval(AT_MINSIGSTKSZ), 1024);
	CHECK_EQUAL(getauxval(AT_CLKTCK), 100);
	CHECK_EQUAL(getauxval(AT_PAGESZ), PAGE);
	CHECK_EQUAL(getauxval(AT_FLAGS), 0);
}

TEST(links_to_standard_files)
{
	static const char *const links[][2] = {
		{ "/dev/fd", "/proc/self/fd" }, { "/dev/stdin", "/proc/self/fd/0" },
		{ "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
	};
	char target[64];
	int fd;

	for (size_t i = 0; i < COUNT(links); i++) {
		long length = readlink(links[i][0], target, sizeof(target) - 1);

		REQUIRE(length > 0);
		target[length] = 0;
		CHECK_TEXT(target, links[i][1]);
	}
	file_write("f", "standard");
	fd = file_open("f", O_RDWR);
	IN_CHILD {
		dup2(fd, 0);
		dup2(fd, 2);
		CHECK_EQUAL(read(file_open("/dev/stdin", O_RDONLY), target, 8), 8);
		CHECK_BYTES(target, "standard", 8);
		CHECK_EQUAL(write(file_open("/dev/stderr", O_WRONLY), "S", 1), 1);
	}
	file_read("f", target, sizeof(target));
	CHECK_TEXT(target, "Standard");
}

TEST(speeds_as_numbers)
{
	static const unsigned long sets[] = { 0x402c542b, 0x402c542c, 0x402c542d };
	struct pair pair = pair_open();
	struct kernel_termios2 settings;

	for (size_t i = 0; i < COUNT(sets); i++) {
		poison(&settings, sizeof(settings));
		CHECK_OK(syscall(SYS_ioctl, pair.slave, 0x802c542a, &settings));
		/* CBAUD | CIBAUD: BOTHER says that the numbers hold. */
		settings.control = (settings.control & ~0x100f100fu) | 0x1000 | 0x10000000;
		settings.input_speed = 12345 + i;
		settings.output_speed = 54321 + i;
		CHECK_OK(syscall(SYS_ioctl, pair.slave, sets[i], &settings));
		poison(&settings, sizeof(settings));
		CHECK_OK(syscall(SYS_ioctl, pair.slave, 0x802c542a, &settings));
		CHECK_EQUAL(settings.input_speed, 12345 + i);
		CHECK_EQUAL(settings.output_speed, 54321 + i);
		CHECK_FAULTS(syscall(SYS_ioctl, pair.slave, sets[i], bad));
	}
	CHECK_FAULTS(syscall(SYS_ioctl, pair.slave, 0x802c542a, bad));
	CHECK_ERRNO(syscall(SYS_ioctl, file_open("f", O_CREAT | O_RDWR), 0x802c542a, &settings),
		    ENOTTY);
}

TEST(peer_of_a_master)
{
	struct pair pair = pair_open();
	char byte = 0;
	int fd;

	settings_raw(pair.slave);
	fd = REQUIRE_OK(syscall(SYS_ioctl, pair.master, 0x5441, O_RDWR | O_NOCTTY | O_CLOEXEC));
	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK(isatty(fd));
	type(pair.master, "x");
	CHECK_EQUAL(read(fd, &byte, 1), 1);
	CHECK_EQUAL(byte, 'x');
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, 0x5441, O_RDWR), EIO);
}

TEST(leases_are_not_given)
{
	int fd = file_open("f", O_CREAT | O_RDWR);

	CHECK_ERRNO(syscall(SYS_fcntl, fd, 1024, 7), EINVAL);
	CHECK_EQUAL(file_size("f"), 0);
}

/* There is nothing to compare these with: Linux has none of them. */
TEST(files_of_aegis)
{
	static const char *const names[] = {
		"/proc/self/capabilities", "/proc/self/denials", "/proc/aegis/missing",
		"/proc/aegis/trace", "/proc/aegis/locks",
	};

	if (set_id_bits_act())
		check_skip("files that only Aegis has");
	for (size_t i = 0; i < COUNT(names); i++)
		CHECK(file_read(names[i], text, sizeof(text)) >= 0);
	CHECK(file_read("/proc/self/capabilities", text, sizeof(text)) > 0);
	CHECK_ERRNO(syscall(999, 0), ENOSYS);
	CHECK(file_read("/proc/aegis/missing", text, sizeof(text)) > 0);
	CHECK(strstr(text, "999") != NULL);
}

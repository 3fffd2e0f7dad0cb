/*
 * A hand-made program on x86_64: its registers and stack at entry, headers
 * that lie, and the calls of this CPU alone: arch_prctl, unknown numbers.
 */
#include "support.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/resource.h>

#define BASE 0x10000000ul

/* Stores every general register and the flags, writes them to descriptor 1 and exits with 3. */
__asm__(".pushsection .rodata\n"
	"probe_start:\n"
	"\tpush %r15\n\tpush %r14\n\tpush %r13\n\tpush %r12\n\tpush %r11\n\tpush %r10\n"
	"\tpush %r9\n\tpush %r8\n\tpush %rbp\n\tpush %rdi\n\tpush %rsi\n\tpush %rdx\n"
	"\tpush %rcx\n\tpush %rbx\n\tpush %rax\n\tpushfq\n"
	"\tmov $1, %eax\n\tmov $1, %edi\n\tmov %rsp, %rsi\n\tmov $512, %edx\n\tsyscall\n"
	"\tmov $231, %eax\n\tmov $3, %edi\n\tsyscall\n"
	"probe_end:\n"
	".popsection\n");

struct program {
	Elf64_Ehdr header;
	Elf64_Phdr segments[4];
	char code[256];
};

static struct program program_make(void)
{
	struct program program = { 0 };
	const char *start, *end;

	memcpy(program.header.e_ident, "\x7f" "ELF\2\1\1", 7);
	program.header.e_type = ET_EXEC;
	program.header.e_machine = EM_X86_64;
	program.header.e_version = 1;
	program.header.e_entry = BASE + offsetof(struct program, code);
	program.header.e_phoff = offsetof(struct program, segments);
	program.header.e_ehsize = sizeof(Elf64_Ehdr);
	program.header.e_phentsize = sizeof(Elf64_Phdr);
	program.header.e_phnum = 1;
	program.segments[0] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = BASE, .p_paddr = BASE,
		.p_filesz = sizeof(program), .p_memsz = sizeof(program), .p_align = PAGE,
	};
	__asm__("lea probe_start(%%rip), %0\n\tlea probe_end(%%rip), %1" : "=r"(start), "=r"(end));
	memcpy(program.code, start, end - start);
	return program;
}

/* Write and run it; its wait status, or minus the errno of exec. Output goes to `out`. */
static int program_run(const struct program *program, char *out, size_t capacity)
{
	char *arguments[] = { "probe", "one", NULL }, *environment[] = { "E=1", NULL };
	int fd, ends[2], report[2], problem = 0, status;
	pid_t pid;

	unlink("p");
	fd = REQUIRE_OK(open("p", O_WRONLY | O_CREAT, 0755));
	REQUIRE(write(fd, program, sizeof(*program)) == sizeof(*program));
	close(fd);
	REQUIRE_OK(pipe(ends));
	REQUIRE_OK(pipe2(report, O_CLOEXEC));
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		dup2(ends[1], 1);
		execve("p", arguments, environment);
		problem = errno;
		write(report[1], &problem, sizeof(problem));
		_exit(1);
	}
	close(ends[1]);
	close(report[1]);
	status = child_wait(pid);
	if (read(report[0], &problem, sizeof(problem)) == sizeof(problem))
		status = -problem;
	if (out)
		read(ends[0], out, capacity);
	close(ends[0]);
	close(report[0]);
	return status;
}

TEST(registers_at_entry)
{
	struct program program = program_make();
	uint64_t words[64] = { 0 };

	CHECK_EQUAL(program_run(&program, (char *)words, sizeof(words)), 3 << 8);
	CHECK_EQUAL(words[0] & ~0x202ul, 0);
	CHECK_FILLED(&words[1], 0, 15 * 8);
	CHECK_EQUAL(words[16], 2);
	CHECK(words[17] > BASE && words[18] > words[17]);
	CHECK_EQUAL(words[19], 0);
	CHECK(words[20] > words[18]);
	CHECK_EQUAL(words[21], 0);
	for (int i = 22; i + 1 < 64; i += 2) {
		if (words[i] == AT_ENTRY)
			CHECK_EQUAL(words[i + 1], program.header.e_entry);
		if (words[i] == AT_PHDR)
			CHECK_EQUAL(words[i + 1], BASE + offsetof(struct program, segments));
		if (words[i] == AT_PHNUM)
			CHECK_EQUAL(words[i + 1], 1);
		if (words[i] == AT_BASE)
			CHECK_EQUAL(words[i + 1], 0);
		if (words[i] == AT_NULL)
			break;
	}
}

TEST(wrong_kinds_of_file)
{
	struct program program = program_make();

	program.header.e_ident[0] = 0x7e;
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOEXEC);
	program = program_make();
	program.header.e_machine = EM_AARCH64;
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOEXEC);
	program = program_make();
	program.header.e_type = ET_REL;
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOEXEC);
	program = program_make();
	program.header.e_phentsize = 10;
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOEXEC);
	program = program_make();
	program.header.e_phnum = 0;
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOEXEC);
	program = program_make();
	program.header.e_phnum = 65535;
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOEXEC);
}

TEST(segments_that_lie_never_run)
{
	static const struct { uint64_t address, file_size, memory_size, offset; } lies[] = {
		{ BASE, 4096, 100, 0 },
		{ 0xffff888000000000, 1000, 1000, 0 },
		{ 0x8000000000000000, 1000, 1000, 0 },
		{ BASE, 1000, 1ul << 62, 0 },
		{ BASE, 1ul << 62, 1ul << 62, 0 },
		{ BASE, -1ul, -1ul, 0 },
		{ -PAGE, 1000, 1000, 0 },
		{ BASE, 1000, 1000, 1 },
		{ BASE, 1000, 1000, -PAGE },
		{ BASE + 1, 1000, 1000, 0 },
	};

	for (size_t i = 0; i < COUNT(lies); i++) {
		struct program program = program_make();
		int status;

		program.segments[0].p_vaddr = lies[i].address;
		program.segments[0].p_filesz = lies[i].file_size;
		program.segments[0].p_memsz = lies[i].memory_size;
		program.segments[0].p_offset = lies[i].offset;
		status = program_run(&program, NULL, 0);
		if (!check_true(PLACE("refused or killed"), status != 3 << 8 && status != 0))
			printf("# case %zu\n", i);
	}
}

TEST(header_table_out_of_the_file)
{
	static const uint64_t offsets[] = { 1ul << 40, -1ul, -8ul, 100000, 0x7fffffffffffffff };

	for (size_t i = 0; i < COUNT(offsets); i++) {
		struct program program = program_make();

		program.header.e_phoff = offsets[i];
		CHECK(program_run(&program, NULL, 0) < 0);
	}
}

TEST(interpreters_that_lie)
{
	struct program program = program_make();

	program.header.e_phnum = 2;
	program.segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = 400, .p_filesz = 1 };
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOEXEC);
	program.segments[1].p_filesz = 0;
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOEXEC);
	program.segments[1].p_filesz = 5000;
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOEXEC);
	program.segments[1].p_filesz = 6;
	memcpy(program.code + 200, "/none", 6);
	program.segments[1].p_offset = offsetof(struct program, code) + 200;
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOENT);
	memcpy(program.code + 200, "/nonex", 6);
	CHECK_EQUAL(program_run(&program, NULL, 0), -ENOEXEC);
}

TEST(entry_outside_everything)
{
	static const uint64_t entries[] = { 0, 1ul << 40, 0x8000000000000000, 0xffffffff81000000 };

	for (size_t i = 0; i < COUNT(entries); i++) {
		struct program program = program_make();
		int status;

		program.header.e_entry = entries[i];
		status = program_run(&program, NULL, 0);
		CHECK(status == SIGSEGV || status < 0);
	}
}

TEST(memory_past_the_file_is_zero)
{
	struct program program = program_make();

	program.segments[0].p_flags = PF_R | PF_W | PF_X;
	program.segments[0].p_memsz = sizeof(program) + 3 * PAGE;
	CHECK_EQUAL(program_run(&program, NULL, 0), 3 << 8);
}

TEST(segment_registers_by_arch_prctl)
{
	unsigned long value[2], thread = 0;
	static unsigned long cell = 0x123456;

	REQUIRE_OK(syscall(SYS_arch_prctl, 0x1003, &thread));
	CHECK(thread != 0);
	poison(value, sizeof(value));
	CHECK_OK(syscall(SYS_arch_prctl, 0x1004, value));
	CHECK_EQUAL(value[0], 0);
	CHECK_UNTOUCHED(&value[1], 8);
	CHECK_OK(syscall(SYS_arch_prctl, 0x1001, &cell));
	__asm__ volatile("mov %%gs:0, %0" : "=r"(value[0]));
	CHECK_EQUAL(value[0], 0x123456);
	CHECK_OK(syscall(SYS_arch_prctl, 0x1004, value));
	CHECK_EQUAL(value[0], (unsigned long)&cell);
	sleep_milliseconds(5);
	__asm__ volatile("mov %%gs:0, %0" : "=r"(value[0]));
	CHECK_EQUAL(value[0], 0x123456);
	IN_CHILD {
		__asm__ volatile("mov %%gs:0, %0" : "=r"(value[0]));
		CHECK_EQUAL(value[0], 0x123456);
	}
	CHECK_ERRNO(syscall(SYS_arch_prctl, 0x1001, 0xffff888000000000), EPERM);
	CHECK_ERRNO(syscall(SYS_arch_prctl, 0x1002, 0x8000000000000000), EPERM);
	CHECK_ERRNO(syscall(SYS_arch_prctl, 0x9999, &value), EINVAL);
	CHECK_FAULTS(syscall(SYS_arch_prctl, 0x1003, bad));
	CHECK_FAULTS(syscall(SYS_arch_prctl, 0x1004, bad));
}

TEST(unknown_calls)
{
	static const long numbers[] = { 400, 500, 100000, 0x7fffffff, -1, 0x40000000, 1 << 20 };

	for (size_t i = 0; i < COUNT(numbers); i++)
		CHECK_ERRNO(syscall(numbers[i], 0, 0, 0, 0, 0, 0), ENOSYS);
}

TEST(system_calls_keep_registers)
{
	long result, kept;

	__asm__ volatile("mov $0x77, %%r8\n\tmov $0x88, %%r9\n\t"
			 "mov $0x99, %%r10\n\tmov $0xaa, %%rdx\n"
			 "\tsyscall\n\txor %1, %1\n\tcmp $0x77, %%r8\n\tjne 1f\n\tcmp $0x88, %%r9\n"
			 "\tjne 1f\n\tcmp $0x99, %%r10\n\tjne 1f\n\tcmp $0xaa, %%rdx\n\tjne 1f\n"
			 "\tmov $1, %1\n1:"
			 : "=a"(result), "=&b"(kept) : "a"(SYS_getpid)
			 : "rcx", "r8", "r9", "r10", "r11", "rdx", "memory", "cc");
	CHECK_EQUAL(result, getpid());
	CHECK_EQUAL(kept, 1);
}

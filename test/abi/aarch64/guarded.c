/*
 * Landing pads (BTI): pages that ask for them by PROT_BTI or by the note of an ELF file, and what
 * signal handlers and hand-made frames have to do with them.
 */
#include "support.h"
#include <elf.h>
#include <sys/auxv.h>
#include <ucontext.h>

#define GUARDED 0x10
#define CAPABILITY2_BTI (1ul << 17)
#define READ_EXECUTE (PROT_READ | PROT_EXEC)
#define BRANCH_TYPE(pstate) ((pstate) >> 10 & 3)

enum { NOP = 0xd503201f, RET = 0xd65f03c0, BTI_C = 0xd503245f, BTI_J = 0xd503249f,
	BTI_JC = 0xd50324df, PACIASP = 0xd503233f, AUTIASP = 0xd50323bf, BRANCH_X10 = 0xd61f0140 };

static void need_pads(void)
{
	if (!(getauxval(AT_HWCAP2) & CAPABILITY2_BTI))
		check_skip("this CPU has no landing pads");
}

static volatile int faults, fault_code;
static void *volatile fault_address;
static volatile uint64_t fault_branch, resume_at;

static void recover(int number, siginfo_t *info, void *opaque)
{
	ucontext_t *context = opaque;

	(void)number;
	faults++;
	fault_code = info->si_code;
	fault_address = info->si_addr;
	fault_branch = BRANCH_TYPE(context->uc_mcontext.pstate);
	context->uc_mcontext.pc = context->uc_mcontext.regs[30];
	context->uc_mcontext.pstate &= ~0xc00ul;
}

static void handle(void)
{
	struct sigaction action = { .sa_sigaction = recover, .sa_flags = SA_SIGINFO };

	REQUIRE_OK(sigaction(SIGILL, &action, NULL));
}

static uint32_t *code_page(uint32_t first, int protection)
{
	uint32_t *code = pages_private(1);

	code[0] = first;
	code[1] = first == PACIASP ? AUTIASP : NOP;
	code[2] = RET;
	__builtin___clear_cache((char *)code, (char *)(code + 3));
	REQUIRE_OK(mprotect(code, PAGE, protection));
	return code;
}

/* By BLR, by BR from an ordinary register, by BR from x16; all return. How many faulted. */
static int call_faults(void *code)
{
	faults = 0;
	__asm__ volatile("mov x9, %0\n\tblr x9" : : "r"(code) : "x9", "x30", "memory");
	return faults;
}

/* From a guarded page: elsewhere all BR count as those from x16. */
static int jump_faults(void *code)
{
	static uint32_t *trampoline;

	if (!trampoline) {
		trampoline = pages_private(1);
		trampoline[0] = BTI_C;
		trampoline[1] = BRANCH_X10;
		__builtin___clear_cache((char *)trampoline, (char *)(trampoline + 2));
		REQUIRE_OK(mprotect(trampoline, PAGE, READ_EXECUTE | GUARDED));
	}
	faults = 0;
	__asm__ volatile("mov x9, %0\n\tmov x10, %1\n\tblr x9"
			 : : "r"(trampoline), "r"(code) : "x9", "x10", "x30", "memory");
	return faults;
}

static int tail_call_faults(void *code)
{
	faults = 0;
	__asm__ volatile("mov x16, %0\n\tadr x30, 1f\n\tbr x16\n1:" : : "r"(code) : "x16", "x30",
			 "memory");
	return faults;
}

static void check_all(uint32_t *code, int call, int jump, int tail_call)
{
	CHECK_EQUAL(call_faults(code), call);
	CHECK_EQUAL(jump_faults(code), jump);
	CHECK_EQUAL(tail_call_faults(code), tail_call);
}

TEST(landing_pads_by_kind)
{
	need_pads();
	handle();
	check_all(code_page(NOP, READ_EXECUTE), 0, 0, 0);
	check_all(code_page(NOP, READ_EXECUTE | GUARDED), 1, 1, 1);
	check_all(code_page(BTI_C, READ_EXECUTE | GUARDED), 0, 1, 0);
	check_all(code_page(BTI_J, READ_EXECUTE | GUARDED), 1, 0, 0);
	check_all(code_page(BTI_JC, READ_EXECUTE | GUARDED), 0, 0, 0);
	check_all(code_page(PACIASP, READ_EXECUTE | GUARDED), 0, 1, 0);
}

TEST(what_the_signal_says)
{
	uint32_t *code;

	need_pads();
	handle();
	code = code_page(NOP, READ_EXECUTE | GUARDED);
	CHECK_EQUAL(call_faults(code), 1);
	CHECK_EQUAL(fault_code, ILL_ILLOPC);
	CHECK(fault_address == code);
	CHECK_EQUAL(fault_branch, 2);
	CHECK_EQUAL(jump_faults(code), 1);
	CHECK_EQUAL(fault_branch, 3);
	CHECK_EQUAL(tail_call_faults(code), 1);
	CHECK_EQUAL(fault_branch, 1);
}

TEST(protection_comes_and_goes)
{
	uint32_t *code;

	need_pads();
	handle();
	code = code_page(NOP, READ_EXECUTE);
	for (int i = 0; i < 3; i++) {
		CHECK_EQUAL(call_faults(code), 0);
		CHECK_OK(mprotect(code, PAGE, READ_EXECUTE | GUARDED));
		CHECK_EQUAL(call_faults(code), 1);
		IN_CHILD {
			CHECK_EQUAL(call_faults(code), 1);
			CHECK_OK(mprotect(code, PAGE, READ_EXECUTE));
			CHECK_EQUAL(call_faults(code), 0);
		}
		CHECK_EQUAL(call_faults(code), 1);
		CHECK_OK(mprotect(code, PAGE, READ_EXECUTE));
	}
}

TEST(files_and_moved_pages)
{
	uint32_t *code, *moved, instructions[] = { NOP, RET };
	int fd;

	need_pads();
	handle();
	fd = REQUIRE_OK(open("code", O_RDWR | O_CREAT, 0600));
	CHECK_EQUAL(write(fd, instructions, sizeof(instructions)), sizeof(instructions));
	code = mmap(NULL, PAGE, READ_EXECUTE | GUARDED, MAP_PRIVATE, fd, 0);
	REQUIRE(code != MAP_FAILED);
	CHECK_EQUAL(call_faults(code), 1);
	moved = mremap(code, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, pages_private(1));
	REQUIRE(moved != MAP_FAILED);
	CHECK_EQUAL(call_faults(moved), 1);
	CHECK_OK(mprotect(moved, PAGE, READ_EXECUTE));
	CHECK_EQUAL(call_faults(moved), 0);
	/* What is written through a private mapping is copied with the same protection. */
	CHECK_OK(mprotect(moved, PAGE, PROT_READ | PROT_WRITE | GUARDED));
	moved[0] = BTI_J;
	CHECK_OK(mprotect(moved, PAGE, READ_EXECUTE | GUARDED));
	__builtin___clear_cache((char *)moved, (char *)(moved + 1));
	CHECK_EQUAL(call_faults(moved), 1);
	CHECK_EQUAL(jump_faults(moved), 0);
}

TEST(refusals)
{
	char *page = pages_private(1);

	if (getauxval(AT_HWCAP2) & CAPABILITY2_BTI)
		CHECK_OK(mprotect(page, PAGE, PROT_READ | GUARDED));
	else
		CHECK_ERRNO(mprotect(page, PAGE, PROT_READ | GUARDED), EINVAL);
	CHECK_ERRNO(mprotect(page, PAGE, PROT_READ | 0x40), EINVAL);
}

/* A handler is called: its first instruction must be a pad, where pads are asked for. */
TEST(handlers_are_entered_as_if_called)
{
	uint32_t *bad, *good;
	pid_t pid;

	need_pads();
	good = code_page(BTI_C, READ_EXECUTE | GUARDED);
	bad = code_page(BTI_J, READ_EXECUTE | GUARDED);
	signal(SIGUSR1, (void (*)(int))good);
	CHECK_OK(raise(SIGUSR1));
	pid = REQUIRE_OK(fork());
	if (pid == 0) {
		signal(SIGUSR1, (void (*)(int))bad);
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK_EQUAL(child_wait(pid) & 0x7f, SIGILL);
}

static uint32_t *landing;

static void jump_by_frame(int number, siginfo_t *info, void *opaque)
{
	ucontext_t *context = opaque;

	(void)info;
	(void)number;
	/* The code returns behind the system call of raise(). */
	context->uc_mcontext.regs[30] = context->uc_mcontext.pc;
	context->uc_mcontext.pc = (uintptr_t)landing;
	context->uc_mcontext.pstate |= 3ul << 10;
}

TEST(frames_may_hold_a_branch)
{
	struct sigaction action = { .sa_sigaction = jump_by_frame, .sa_flags = SA_SIGINFO };
	pid_t pid;

	need_pads();
	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	for (int is_good = 0; is_good < 2; is_good++) {
		landing = code_page(is_good ? BTI_J : BTI_C, READ_EXECUTE | GUARDED);
		pid = REQUIRE_OK(fork());
		if (pid == 0) {
			register long x0 __asm__("x0") = getpid();
			register long x1 __asm__("x1") = SIGUSR1;
			register long x8 __asm__("x8") = SYS_kill;

			__asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x8) : "x30", "memory");
			_exit(0);
		}
		CHECK_EQUAL(child_wait(pid), is_good ? 0 : SIGILL);
	}
}

/* A program of a page: branches to what is no pad, then ends with status 0. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr load, note;
	struct {
		uint32_t name_bytes, bytes, type;
		char name[4];
		uint32_t property, property_bytes, value, padding, more[8];
	} property;
	uint32_t code[8];
};

static struct image image_make(void)
{
	static const uint32_t code[] = {
		0x10000080,	/* adr x0, target */
		0xd63f0000,	/* blr x0 */
		NOP, NOP,
		0xd2800000,	/* target: mov x0, #0 */
		0xd2800ba8,	/* mov x8, #93 */
		0xd4000001,	/* svc #0 */
	};
	struct image image = {
		.header = { .e_ident = ELFMAG "\2\1\1", .e_type = ET_EXEC, .e_machine = EM_AARCH64,
			    .e_version = 1, .e_entry = 0x400000 + offsetof(struct image, code),
			    .e_phoff = offsetof(struct image, load), .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 },
		.load = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000,
			  .p_filesz = sizeof(image), .p_memsz = sizeof(image), .p_align = PAGE },
		.note = { .p_type = 0x6474e553, .p_offset = offsetof(struct image, property),
			  .p_filesz = 32, .p_memsz = 32, .p_align = 8 },
		.property = { 4, 16, 5, "GNU", 0xc0000000, 4, 1, 0 },
	};

	memcpy(image.code, code, sizeof(code));
	return image;
}

/* The wait status of a process that executes it; its errno as an exit status when it cannot. */
static int image_run(const struct image *image)
{
	char *const words[] = { "image", NULL };
	int fd = REQUIRE_OK(open("image", O_WRONLY | O_CREAT | O_TRUNC, 0700));
	pid_t pid;

	CHECK_EQUAL(write(fd, image, sizeof(*image)), sizeof(*image));
	close(fd);
	pid = REQUIRE_OK(fork());
	if (pid == 0) {
		execve("image", words, words + 1);
		_exit(errno);
	}
	return child_wait(pid);
}

#define EXIT(code) ((code) << 8)

TEST(programs_that_ask_for_pads)
{
	struct image image = image_make();

	need_pads();
	CHECK_EQUAL(image_run(&image) & 0x7f, SIGILL);
	image.property.value = 2;
	CHECK_EQUAL(image_run(&image), 0);
	image.property.value = 3;
	image.note.p_type = PT_NOTE;
	CHECK_EQUAL(image_run(&image), 0);
	image.note.p_type = 0x6474e553;
	image.property.property = 0xc0000001;
	CHECK_EQUAL(image_run(&image), 0);
}

TEST(properties_that_lie)
{
	struct image good = image_make(), bad;

	good.property.value = 0;
	CHECK_EQUAL(image_run(&good), 0);
#define CHECK_BAD(field, number, result)                   \
	do {                                               \
		bad = good;                                \
		bad.field = number;                        \
		CHECK_EQUAL(image_run(&bad), EXIT(result)); \
	} while (0)
	CHECK_BAD(property.type, 4, ENOEXEC);
	CHECK_BAD(property.name_bytes, 5, ENOEXEC);
	CHECK_BAD(property.name_bytes, 0xfffffffc, ENOEXEC);
	CHECK_BAD(property.name[3], 'X', ENOEXEC);
	CHECK_BAD(property.bytes, 17, ENOEXEC);
	CHECK_BAD(property.bytes, 0xffffffff, ENOEXEC);
	CHECK_BAD(property.bytes, 12, ENOEXEC);
	CHECK_BAD(property.bytes, 7, ENOEXEC);
	CHECK_BAD(property.bytes, 0, 0);
	CHECK_BAD(property.property_bytes, 8, ENOEXEC);
	CHECK_BAD(property.property_bytes, 9, ENOEXEC);
	CHECK_BAD(property.property_bytes, 0xffffffff, ENOEXEC);
	CHECK_BAD(note.p_filesz, 15, EIO);
	CHECK_BAD(note.p_filesz, 0, EIO);
	CHECK_BAD(note.p_filesz, 31, ENOEXEC);
	CHECK_BAD(note.p_filesz, 1025, ENOEXEC);
	CHECK_BAD(note.p_filesz, UINT64_MAX, ENOEXEC);
	CHECK_BAD(note.p_offset, 1ul << 40, EIO);
	CHECK_BAD(note.p_offset, UINT64_MAX - 3, EIO);
	CHECK_BAD(note.p_filesz, 64, 0);
	/* Two properties: their types ascend. */
	good.note.p_filesz = 48;
	good.property.bytes = 32;
	good.property.more[0] = 0xc0000002;
	good.property.more[1] = 4;
	CHECK_EQUAL(image_run(&good), 0);
	CHECK_BAD(property.more[0], 0xc0000000, ENOEXEC);
	CHECK_BAD(property.more[0], 0xbfffffff, ENOEXEC);
	CHECK_BAD(property.more[1], 9, ENOEXEC);
}

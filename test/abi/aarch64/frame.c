/*
 * Signal frames and faults on aarch64: what a handler finds in its context, what it may change,
 * hand-made frames that must not harm the kernel, and addresses with a tag in their top byte.
 */
#include "support.h"
#include <sys/resource.h>
#include <sys/ucontext.h>
#include <ucontext.h>

#define RECORD_VECTORS 0x46508001u
#define RECORD_SYNDROME 0x45535201u
#define SYNDROME_CLASS(syndrome) ((syndrome) >> 26)
#define CLASS_DATA_ABORT 0x24
#define SYNDROME_WRITE 0x40
#define SYNDROME_STATUS 0x3f
#define TAG (0x5aul << 56)

/* What stands in uc_mcontext.__reserved, one behind the other. */
struct record {
	uint32_t magic, bytes;
};

struct vectors {
	struct record head;
	uint32_t status, control;
	__uint128_t registers[32];
};

struct syndrome {
	struct record head;
	uint64_t value;
};

/* The machine's part of the context, by the kernel's layout. */
struct machine {
	uint64_t fault_address, x[31], sp, pc, pstate;
	uint8_t records[4096] __attribute__((aligned(16)));
};

static volatile int number_seen, code_seen, runs;
static void *volatile address_seen;
static volatile uint64_t fault_address, syndrome_seen, vector_record_bytes, end_record;
static uint64_t resume_at;

static struct machine *machine_of(void *opaque)
{
	return (struct machine *)&((ucontext_t *)opaque)->uc_mcontext;
}

static struct record *record_find(struct machine *machine, uint32_t magic)
{
	uint8_t *at = machine->records;

	while (at < machine->records + sizeof(machine->records)) {
		struct record *record = (struct record *)at;

		if (record->magic == magic)
			return record;
		if (record->magic == 0 || record->bytes < sizeof(*record))
			break;
		at += record->bytes;
	}
	return NULL;
}

static void skip_instruction(int number, siginfo_t *info, void *opaque)
{
	struct machine *machine = machine_of(opaque);
	struct syndrome *syndrome = (struct syndrome *)record_find(machine, RECORD_SYNDROME);
	struct record *vectors = record_find(machine, RECORD_VECTORS);

	number_seen = number;
	code_seen = info->si_code;
	address_seen = info->si_addr;
	fault_address = machine->fault_address;
	syndrome_seen = syndrome ? syndrome->value : 0;
	vector_record_bytes = vectors ? vectors->bytes : 0;
	end_record = record_find(machine, 0) != NULL;
	machine->pc = resume_at;
	runs++;
}

static void handle(int number)
{
	struct sigaction action = { .sa_sigaction = skip_instruction, .sa_flags = SA_SIGINFO };

	REQUIRE_OK(sigaction(number, &action, NULL));
}

/* Run one instruction under the handler; it goes on at the label after it. x9 is for it to use. */
#define FAULTING(instruction, value)                                                  \
	do {                                                                          \
		runs = 0;                                                             \
		__asm__ volatile("adr x10, 1f\n\tstr x10, %0\n\tadr x10, 2f\n\t"      \
				 "str x10, %1\n\tmov x9, %2\n2:\t" instruction "\n1:" \
				 : "=m"(resume_at), "=m"(place) : "r"(value)          \
				 : "x9", "x10", "memory", "cc");                      \
	} while (0)

TEST(codes_of_cpu_faults)
{
	void *place = NULL;

	handle(SIGILL);
	handle(SIGTRAP);
	handle(SIGSEGV);
	handle(SIGBUS);
	FAULTING("udf #0", 0l);
	CHECK_EQUAL(number_seen, SIGILL);
	CHECK_EQUAL(code_seen, ILL_ILLOPC);
	CHECK(address_seen == place);
	CHECK_EQUAL(syndrome_seen, 0);
	CHECK_EQUAL(fault_address, 0);
	FAULTING("hvc #0", 0l);
	CHECK_EQUAL(number_seen, SIGILL);
	CHECK_EQUAL(code_seen, ILL_ILLOPC);
	FAULTING("msr daifset, #2", 0l);
	CHECK_EQUAL(number_seen, SIGILL);
	FAULTING("mrs x9, sctlr_el1", 0l);
	CHECK_EQUAL(number_seen, SIGILL);
	FAULTING("brk #7", 0l);
	CHECK_EQUAL(number_seen, SIGTRAP);
	CHECK_EQUAL(code_seen, TRAP_BRKPT);
	CHECK(address_seen == place);
	CHECK_EQUAL(runs, 1);
}

TEST(a_jump_to_an_odd_address)
{
	void *place = NULL;

	handle(SIGBUS);
	FAULTING("br x9", (uintptr_t)&handle + 2);
	CHECK_EQUAL(number_seen, SIGBUS);
	CHECK_EQUAL(code_seen, BUS_ADRALN);
	CHECK(address_seen == (char *)&handle + 2);
}

TEST(records_of_a_bad_address)
{
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *place = NULL;

	CHECK_EQUAL(*(volatile char *)page, 0);
	handle(SIGSEGV);
	FAULTING("ldr x9, [x9]", 16l);
	CHECK_EQUAL(code_seen, SEGV_MAPERR);
	CHECK_EQUAL(fault_address, 16);
	CHECK_EQUAL(SYNDROME_CLASS(syndrome_seen), CLASS_DATA_ABORT);
	CHECK_EQUAL(syndrome_seen & SYNDROME_WRITE, 0);
	CHECK_EQUAL(vector_record_bytes, sizeof(struct vectors));
	CHECK(end_record);
	FAULTING("str x9, [x9]", page);
	CHECK_EQUAL(code_seen, SEGV_ACCERR);
	CHECK_EQUAL(fault_address, (uintptr_t)page);
	CHECK(syndrome_seen & SYNDROME_WRITE);
	CHECK_EQUAL(syndrome_seen & SYNDROME_STATUS & ~3, 0xc);
}

/* What is mapped in the kernel's half shows in nothing. */
TEST(addresses_of_the_kernel_all_look_alike)
{
	static const uint64_t places[] = {
		0xffff000000000000, 0xffff000040000000, 0xffff000040200000, 0xffff800008000000,
		0xffffffc008000000, 0xffffffff80000000, 0xfffffffffffff000, 1ul << 55,
		TAG | 1ul << 55,
	};
	void *place = NULL;

	handle(SIGSEGV);
	for (size_t i = 0; i < COUNT(places); i++) {
		FAULTING("ldrb w9, [x9]", places[i]);
		CHECK_EQUAL(runs, 1);
		CHECK_EQUAL(code_seen, SEGV_MAPERR);
		CHECK_EQUAL(syndrome_seen, 0x92000004);
		CHECK_EQUAL(fault_address, places[i]);
		FAULTING("strb w9, [x9]", places[i]);
		CHECK_EQUAL(syndrome_seen, 0x92000044);
		FAULTING("br x9", places[i]);
		CHECK_EQUAL(syndrome_seen, 0x82000004);
	}
}

TEST(tagged_addresses)
{
	unsigned char resident = 0;
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	uintptr_t tagged = (uintptr_t)pages | TAG;
	void *place = NULL;

	REQUIRE(pages != MAP_FAILED);
	handle(SIGSEGV);
	*(volatile char *)tagged = 1;
	CHECK_EQUAL(pages[0], 1);
	/* Calls that manage memory know what the CPU ignores, all others refuse it. */
	CHECK_OK(syscall(SYS_madvise, tagged, PAGE, MADV_DONTNEED));
	CHECK_EQUAL(pages[0], 0);
	CHECK_OK(syscall(SYS_mlock, tagged, PAGE));
	CHECK_OK(syscall(SYS_munlock, tagged, PAGE));
	CHECK_OK(syscall(SYS_msync, tagged, PAGE, MS_SYNC));
	CHECK_OK(syscall(SYS_mincore, tagged, PAGE, &resident));
	CHECK_OK(syscall(SYS_mprotect, tagged, PAGE, PROT_READ));
	CHECK_ERRNO(syscall(SYS_mmap, tagged, PAGE, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0l), ENOMEM);
	CHECK_ERRNO(syscall(SYS_getcwd, tagged + PAGE, PAGE), EFAULT);
	FAULTING("strb w9, [x9]", tagged);
	CHECK_EQUAL(code_seen, SEGV_ACCERR);
	CHECK(address_seen == pages);
	CHECK_EQUAL(fault_address, (uintptr_t)pages);
	CHECK_EQUAL(syscall(SYS_mremap, tagged + PAGE, PAGE, PAGE, 0), (long)(pages + PAGE));
	CHECK_OK(syscall(SYS_munmap, tagged, PAGE));
	FAULTING("ldrb w9, [x9]", tagged);
	CHECK_EQUAL(code_seen, SEGV_MAPERR);
}

static void change(int number, siginfo_t *info, void *opaque)
{
	struct machine *machine = machine_of(opaque);
	struct vectors *vectors = (struct vectors *)record_find(machine, RECORD_VECTORS);

	(void)number;
	(void)info;
	vectors->registers[8] = 77;
	machine->x[19] = 1234;
	machine->pstate = (machine->pstate & ~0xf0000000ul) | 0x60000000;
	runs++;
}

TEST(handlers_change_registers)
{
	struct sigaction action = { .sa_sigaction = change, .sa_flags = SA_SIGINFO };
	uint64_t vector = 0, general = 0, flags = 0;

	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	__asm__ volatile("fmov d8, xzr\n\tmov x19, #5\n\tmov x0, %3\n\tmov x1, %4\n\tmov x8, %5\n\t"
			 "svc #0\n\tfmov %0, d8\n\tmov %1, x19\n\tmrs %2, nzcv"
			 : "=&r"(vector), "=&r"(general), "=&r"(flags)
			 : "r"((long)getpid()), "r"((long)SIGUSR1), "r"((long)SYS_kill)
			 : "x0", "x1", "x8", "x19", "v8", "memory", "cc");
	CHECK_EQUAL(runs, 1);
	CHECK_EQUAL(vector, 77);
	CHECK_EQUAL(general, 1234);
	CHECK_EQUAL(flags, 0x60000000);
}

static void (*volatile damage)(struct machine *machine);

static void hurt(int number, siginfo_t *info, void *opaque)
{
	(void)number;
	(void)info;
	damage(machine_of(opaque));
}

static void privileged(struct machine *machine)
{
	machine->pstate |= 5;
}

static void masked(struct machine *machine)
{
	machine->pstate |= 0x80;
}

static void narrow(struct machine *machine)
{
	machine->pstate |= 0x10;
}

static void without_vectors(struct machine *machine)
{
	memset(machine->records, 0, sizeof(struct record));
}

static void short_vectors(struct machine *machine)
{
	record_find(machine, RECORD_VECTORS)->bytes -= 16;
}

static void unknown_record(struct machine *machine)
{
	record_find(machine, 0)->magic = 0x12345678;
}

static void endless(struct machine *machine)
{
	struct record *end = record_find(machine, 0);

	end->magic = RECORD_SYNDROME;
	end->bytes = 0;
}

static void twice(struct machine *machine)
{
	struct record *end = record_find(machine, 0);

	memcpy(end, record_find(machine, RECORD_VECTORS), sizeof(struct vectors));
}

static void odd_counter(struct machine *machine)
{
	machine->pc |= 1;
}

static void kernel_counter(struct machine *machine)
{
	machine->pc = 0xffff000040200000;
}

static void kernel_stack(struct machine *machine)
{
	machine->sp = 0xffff000040200000;
}

/* Each ends the process that returns through it, and nothing else. */
TEST(frames_that_lie)
{
	static void (*const damages[])(struct machine *) = {
		privileged, masked, narrow, without_vectors, short_vectors, unknown_record, endless,
		twice, kernel_counter, kernel_stack, odd_counter,
	};

	for (size_t i = 0; i < COUNT(damages); i++) {
		struct sigaction action = { .sa_sigaction = hurt, .sa_flags = SA_SIGINFO };
		pid_t pid = REQUIRE_OK(fork());

		if (pid == 0) {
			setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
			damage = damages[i];
			sigaction(SIGUSR1, &action, NULL);
			raise(SIGUSR1);
			_exit(0);
		}
		CHECK_EQUAL(child_wait(pid), damages[i] == odd_counter ? SIGBUS : SIGSEGV);
	}
}

/* x29 and x30 of a handler lead an unwinder through the frame. */
static volatile uint64_t link_frame, link_return;

static void unwind(int number, siginfo_t *info, void *opaque)
{
	struct machine *machine = machine_of(opaque);
	uint64_t *record = __builtin_frame_address(0);

	(void)number;
	(void)info;
	record = (uint64_t *)record[0];
	link_frame = record[0] == machine->x[29];
	link_return = record[1] == machine->x[30];
}

TEST(a_handler_is_called_like_a_function)
{
	struct sigaction action = { .sa_sigaction = unwind, .sa_flags = SA_SIGINFO };

	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	REQUIRE_OK(raise(SIGUSR1));
	CHECK(link_frame);
	CHECK(link_return);
}

/* Holes in the table, and numbers behind its end. */
TEST(numbers_without_a_call)
{
	static const int numbers[] = { 244, 245, 259, 295, 400, 500, 1000, 4096, -1 };

	for (size_t i = 0; i < COUNT(numbers); i++)
		CHECK_ERRNO(syscall(numbers[i], 0, 0, 0, 0, 0, 0), ENOSYS);
}

static void ignore(int number)
{
	(void)number;
}

/* A sleep that a handler ends: what it returns, and what stands in x8 then. */
static long sleep_number(long *result)
{
	static const struct timespec limit = { 100, 0 };
	register long number __asm__("x8") = SYS_nanosleep;
	register long first __asm__("x0") = (long)&limit;
	register long second __asm__("x1") = 0;

	__asm__ volatile("svc #0" : "+r"(number), "+r"(first) : "r"(second) : "memory");
	*result = first;
	return number;
}

static void sleeper(long expected)
{
	long result, number = sleep_number(&result);

	CHECK_EQUAL(result, -EINTR);
	CHECK_EQUAL(number, expected);
	check_child_end();
}

/* setup_restart_syscall() of Linux leaves the number that a stopped call went on with. */
TEST(a_stopped_call_goes_on_with_another_number)
{
	struct sigaction action = { .sa_handler = ignore };

	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	for (int is_stopped = 0; is_stopped < 2; is_stopped++) {
		pid_t child = fork();

		if (child == 0)
			sleeper(is_stopped ? SYS_restart_syscall : SYS_nanosleep);
		REQUIRE(process_await(child, 'S'));
		if (is_stopped) {
			REQUIRE_OK(kill(child, SIGSTOP));
			REQUIRE(process_await(child, 'T'));
			REQUIRE_OK(kill(child, SIGCONT));
			REQUIRE(process_await(child, 'S'));
		}
		REQUIRE_OK(kill(child, SIGUSR1));
		CHECK_EQUAL(child_wait(child), 0);
	}
}

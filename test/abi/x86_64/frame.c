/*
 * Signal frames on x86_64: what a handler finds in its context, what it may
 * change, and hand-made frames that must not harm the kernel.
 */
#include "support.h"
#include <sys/resource.h>
#include <sys/ucontext.h>
#include <ucontext.h>

#define CARRY 1
#define TRAP 0x100
#define ALIGNMENT 0x40000
#define IOPL 0x3000

static volatile int codes[4];
static void *volatile addresses[4];
static volatile int runs;

static void skip_instruction(int number, siginfo_t *info, void *opaque)
{
	ucontext_t *context = opaque;

	codes[0] = number;
	codes[1] = info->si_code;
	addresses[0] = info->si_addr;
	addresses[1] = (void *)context->uc_mcontext.gregs[REG_RIP];
	context->uc_mcontext.gregs[REG_RIP] = context->uc_mcontext.gregs[REG_R12];
	runs++;
}

/* Run one instruction under a handler; it goes on at the label after it. */
#define FAULTING(instruction)                                                      \
	do {                                                                       \
		runs = 0;                                                          \
		__asm__ volatile("lea 1f(%%rip), %%r12\n\tlea 2f(%%rip), %%r13\n"  \
				 "\tmov %%r13, %0\n2:\t" instruction "\n1:"        \
				 : "=m"(place) : "a"(1), "c"(0), "d"(0)            \
				 : "r12", "r13", "memory", "cc");                  \
	} while (0)

static void handle(int number)
{
	struct sigaction action = { .sa_sigaction = skip_instruction, .sa_flags = SA_SIGINFO };

	REQUIRE_OK(sigaction(number, &action, NULL));
}

TEST(codes_of_cpu_faults)
{
	void *place = NULL;

	handle(SIGFPE);
	handle(SIGILL);
	handle(SIGSEGV);
	handle(SIGTRAP);
	handle(SIGBUS);
	FAULTING("idivl %%ecx");
	CHECK_EQUAL(codes[0], SIGFPE);
	CHECK_EQUAL(codes[1], FPE_INTDIV);
	CHECK(addresses[0] == place && addresses[1] == place);
	FAULTING("ud2");
	CHECK_EQUAL(codes[0], SIGILL);
	CHECK_EQUAL(codes[1], ILL_ILLOPN);
	CHECK(addresses[0] == place);
	FAULTING("hlt");
	CHECK_EQUAL(codes[0], SIGSEGV);
	CHECK_EQUAL(codes[1], SI_KERNEL);
	CHECK(addresses[0] == NULL && addresses[1] == place);
	FAULTING("cli");
	CHECK_EQUAL(codes[0], SIGSEGV);
	FAULTING("int $0x20");
	CHECK_EQUAL(codes[0], SIGSEGV);
	FAULTING("movabs $0x8000000000000000, %%r13\n\tmovb (%%r13), %%r13b");
	CHECK_EQUAL(codes[0], SIGSEGV);
	CHECK_EQUAL(codes[1], SI_KERNEL);
	CHECK(addresses[0] == NULL);
	FAULTING("int3");
	CHECK_EQUAL(codes[0], SIGTRAP);
	CHECK_EQUAL(codes[1], SI_KERNEL);
	CHECK(addresses[1] == (char *)place + 1);
	CHECK_EQUAL(runs, 1);
}

static volatile int steps;
static void *volatile step_at;

static void stepped(int number, siginfo_t *info, void *opaque)
{
	ucontext_t *context = opaque;

	(void)number;
	if (steps++ == 0) {
		codes[0] = info->si_code;
		step_at = info->si_addr;
	}
	if (steps >= 5)
		context->uc_mcontext.gregs[REG_EFL] &= ~TRAP;
}

TEST(single_stepping_over_a_system_call)
{
	struct sigaction action = { .sa_sigaction = stepped, .sa_flags = SA_SIGINFO };
	long result = 0;

	REQUIRE_OK(sigaction(SIGTRAP, &action, NULL));
	__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tsyscall\n\tnop\n\tnop\n"
			 "\tnop\n\tnop\n\tnop"
			 : "=a"(result) : "a"(SYS_getpid) : "rcx", "r11", "memory", "cc");
	CHECK_EQUAL(result, getpid());
	CHECK_EQUAL(steps, 5);
	CHECK_EQUAL(codes[0], TRAP_TRACE);
}

static ucontext_t saved;
static volatile uint64_t entry_flags;

static void look(int number, siginfo_t *info, void *opaque)
{
	(void)number;
	(void)info;
	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(entry_flags));
	saved = *(ucontext_t *)opaque;
}

TEST(registers_in_the_context)
{
	struct sigaction action = { .sa_sigaction = look, .sa_flags = SA_SIGINFO };
	long result;

	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	__asm__ volatile("mov $0x1111, %%r8\n\tmov $0x2222, %%r9\n\tmov $0x3333, %%r10\n"
			 "\tmov $0x4444, %%r12\n\tmov $0x5555, %%r13\n\tmov $0x6666, %%r14\n"
			 "\tmov $0x7777, %%r15\n\tmov $0x8888, %%rbx\n\tstd\n\tsyscall\n\tcld\n"
			 "\tcmp $0x1111, %%r8\n\tjne 1f\n\tcmp $0x2222, %%r9\n\tjne 1f\n"
			 "\tcmp $0x3333, %%r10\n\tjne 1f\n\tcmp $0x4444, %%r12\n\tjne 1f\n"
			 "\tcmp $0x7777, %%r15\n\tjne 1f\n\tcmp $0x8888, %%rbx\n\tje 2f\n"
			 "1:\tmov $-77, %%rax\n2:"
			 : "=a"(result) : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
			 : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rbx", "rcx",
			 	"rdx",
			   "memory", "cc");
	CHECK_EQUAL(result, 0);
	CHECK_EQUAL(saved.uc_mcontext.gregs[REG_R8], 0x1111);
	CHECK_EQUAL(saved.uc_mcontext.gregs[REG_R12], 0x4444);
	CHECK_EQUAL(saved.uc_mcontext.gregs[REG_R15], 0x7777);
	CHECK_EQUAL(saved.uc_mcontext.gregs[REG_RBX], 0x8888);
	CHECK_EQUAL(saved.uc_mcontext.gregs[REG_RDI], getpid());
	CHECK_EQUAL(saved.uc_mcontext.gregs[REG_RAX], 0);
	CHECK_EQUAL(saved.uc_mcontext.gregs[REG_EFL] & 0x400, 0x400);
	CHECK_EQUAL(entry_flags & 0x400, 0);
	CHECK_EQUAL(saved.uc_mcontext.gregs[REG_CSGSFS] & 0xffff, 0x33);
	CHECK_EQUAL(saved.uc_flags & ~7ul, 0);
	CHECK(saved.uc_link == NULL);
}

static void change(int number, siginfo_t *info, void *opaque)
{
	ucontext_t *context = opaque;

	(void)number;
	(void)info;
	context->uc_mcontext.gregs[REG_RAX] = 0x12345;
	context->uc_mcontext.gregs[REG_R15] = 0x54321;
	context->uc_mcontext.gregs[REG_EFL] |= CARRY | IOPL | ALIGNMENT;
	context->uc_sigmask.__bits[0] = ~0ul;
}

TEST(handlers_may_change_registers)
{
	struct sigaction action = { .sa_sigaction = change, .sa_flags = SA_SIGINFO };
	uint64_t result, other, flags, mask;

	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	__asm__ volatile("syscall\n\tmov %%r15, %1\n\tpushfq\n\tpopq %2\n\tpushfq\n"
			 "\tandq $~0x40000, (%%rsp)\n\tpopfq"
			 : "=a"(result), "=&r"(other), "=&r"(flags)
			 : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
			 : "r15", "rcx", "r11", "memory", "cc");
	CHECK_EQUAL(result, 0x12345);
	CHECK_EQUAL(other, 0x54321);
	CHECK_EQUAL(flags & CARRY, CARRY);
	CHECK_EQUAL(flags & IOPL, 0);
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, 8));
	CHECK_EQUAL(mask, ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP)));
}

static void clobber_vector(int number)
{
	(void)number;
	__asm__ volatile("pxor %%xmm0, %%xmm0\n\tpxor %%xmm7, %%xmm7\n\tpxor %%xmm15, %%xmm15\n"
			 "\tfninit" ::: "memory");
}

TEST(vector_registers_survive_a_handler)
{
	uint64_t in[6] = { 1, 2, 3, 4, 5, 6 }, out[6] = { 0 };
	double angle = 0;
	long result;

	signal(SIGUSR1, clobber_vector);
	__asm__ volatile("movdqu (%4), %%xmm0\n\tmovdqu 16(%4), %%xmm7\n\tmovdqu 32(%4), %%xmm15\n"
			 "\tfldpi\n\tsyscall\n\tmovdqu %%xmm0, (%5)\n\tmovdqu %%xmm7, 16(%5)\n"
			 "\tmovdqu %%xmm15, 32(%5)\n\tfstpl %1"
			 : "=a"(result), "=m"(angle) : "0"(SYS_kill), "D"(getpid()), "r"(in),
			 	"r"(out),
			   "S"(SIGUSR1)
			 : "rcx", "r11", "memory", "cc", "xmm0", "xmm7", "xmm15");
	CHECK_EQUAL(result, 0);
	CHECK_BYTES(out, in, sizeof(in));
	CHECK(angle > 3.1415 && angle < 3.1416);
}

/* Points the stack at a frame and calls rt_sigreturn. */
static void return_through(void *frame)
{
	__asm__ volatile("mov %0, %%rsp\n\tmov $15, %%eax\n\tsyscall\n\tud2"
			 :: "r"(frame) : "memory");
	__builtin_unreachable();
}

static ucontext_t template;
static volatile int have_template;

static void take(int number, siginfo_t *info, void *opaque)
{
	(void)number;
	(void)info;
	template = *(ucontext_t *)opaque;
	have_template = 1;
}

/* The wait status of a child that returns through a frame changed by `spoil`. */
static int status_with(void (*spoil)(ucontext_t *context))
{
	pid_t pid = fork();

	if (pid == 0) {
		char *stack = pages_private(8);
		ucontext_t *context = (void *)(stack + 4 * PAGE);

		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		memcpy(context, &template, sizeof(*context));
		context->uc_mcontext.fpregs = NULL;
		context->uc_mcontext.gregs[REG_RSP] = (long)(stack + 3 * PAGE);
		spoil(context);
		return_through(context);
	}
	return child_wait(pid);
}

static void exit_cleanly(void)
{
	_exit(7);
}

static void spoil_nothing(ucontext_t *context)
{
	context->uc_mcontext.gregs[REG_RIP] = (long)exit_cleanly;
	context->uc_mcontext.gregs[REG_RSP] -= 8;
}

static void spoil_rip_kernel(ucontext_t *context)
{
	context->uc_mcontext.gregs[REG_RIP] = (long)0xffffffff81000000;
}

static void spoil_rip_non_canonical(ucontext_t *context)
{
	context->uc_mcontext.gregs[REG_RIP] = (long)0x8000000000000000;
}

static void spoil_rip_edge(ucontext_t *context)
{
	context->uc_mcontext.gregs[REG_RIP] = 0x00007ffffffffffe;
}

static void spoil_code_segment(ucontext_t *context)
{
	spoil_nothing(context);
	context->uc_mcontext.gregs[REG_CSGSFS] = 0x10;
}

static void spoil_code_segment_null(ucontext_t *context)
{
	spoil_nothing(context);
	context->uc_mcontext.gregs[REG_CSGSFS] = 0;
}

static void spoil_stack_segment(ucontext_t *context)
{
	spoil_nothing(context);
	context->uc_mcontext.gregs[REG_CSGSFS] |= 0xffffl << 48;
}

static void spoil_flags(ucontext_t *context)
{
	spoil_nothing(context);
	context->uc_mcontext.gregs[REG_EFL] = ~0x100l;
}

static void spoil_float_pointer(ucontext_t *context)
{
	spoil_nothing(context);
	context->uc_mcontext.fpregs = (void *)0xffff888000000000;
}

static void spoil_float_unaligned(ucontext_t *context)
{
	spoil_nothing(context);
	context->uc_mcontext.fpregs = (void *)((char *)context + PAGE + 1);
}

static void spoil_float_garbage(ucontext_t *context)
{
	char *area = (char *)context + PAGE;

	spoil_nothing(context);
	memset(area, 0xff, 2 * PAGE);
	context->uc_mcontext.fpregs = (void *)(((uintptr_t)area + 63) & -64ul);
}

static void spoil_stack_pointer(ucontext_t *context)
{
	spoil_nothing(context);
	context->uc_mcontext.gregs[REG_RSP] = (long)0x8000000000000000;
}

TEST(hand_made_frames)
{
	struct sigaction action = { .sa_sigaction = take, .sa_flags = SA_SIGINFO };

	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	REQUIRE_OK(raise(SIGUSR1));
	REQUIRE(have_template);
	CHECK_EQUAL(status_with(spoil_nothing), 7 << 8);
	CHECK_EQUAL(status_with(spoil_rip_kernel), SIGSEGV);
	CHECK_EQUAL(status_with(spoil_rip_non_canonical), SIGSEGV);
	CHECK_EQUAL(status_with(spoil_rip_edge), SIGSEGV);
	CHECK_EQUAL(status_with(spoil_flags) & ~0x7f & ~0xff00, 0);
	CHECK_EQUAL(status_with(spoil_float_pointer), SIGSEGV);
	CHECK(status_with(spoil_code_segment) != 0);
	CHECK(status_with(spoil_code_segment_null) != 0);
	CHECK(status_with(spoil_stack_segment) != 0);
	CHECK(status_with(spoil_float_unaligned) != 0);
	CHECK(status_with(spoil_float_garbage) != 0);
	CHECK(status_with(spoil_stack_pointer) != 0);
}

TEST(frames_at_bad_addresses)
{
	for (size_t i = 0; i < bad_count; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
			return_through(bad_addresses[i]);
		}
		CHECK_EQUAL(child_wait(pid), SIGSEGV);
	}
}

/*
 * Rows of scaling: 1, 2 or 4 processes do the same thing at the same time, each with files,
 * memory and children of its own, and what they manage together is measured.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"

enum { PROCESS_LIMIT = 4, MAP_BYTES = 64 << 10, COMPUTE_ROUNDS = 2000 };

/* Shared by the row's processes; each counter has a cache line of its own. */
struct board {
	_Atomic int stop;
	struct {
		_Alignas(64) _Atomic long done;
	} workers[PROCESS_LIMIT];
};

static struct board *board;
static int worker;

static void compute_operate(long count)
{
	while (count--)
		machine_loop(COMPUTE_ROUNDS);
}

static void getpid_operate(long count)
{
	while (count--)
		syscall(SYS_getpid);
}

static void open_operate(long count)
{
	char name[16], path[256];

	snprintf(name, sizeof(name), "scale%d", worker);
	bench_path(path, sizeof(path), name);
	while (count--)
		close((int)bench_check(open(path, O_CREAT | O_RDWR, 0600), "open"));
	unlink(path);
}

static void pipe_operate(long count)
{
	static int ends[2] = { -1, -1 };
	char byte = 0;

	if (ends[0] < 0)
		bench_check(pipe(ends), "pipe");
	while (count--) {
		if (write(ends[1], &byte, 1) != 1 || read(ends[0], &byte, 1) != 1)
			bench_fail("pipe");
	}
}

static void fork_operate(long count)
{
	while (count--) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		bench_check(pid, "fork");
		bench_check(waitpid(pid, NULL, 0), "waitpid");
	}
}

/* Maps, touches every page, unmaps. */
static void map_operate(long count)
{
	while (count--) {
		char *start = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (start == MAP_FAILED)
			bench_fail("mmap");
		for (size_t i = 0; i < MAP_BYTES; i += 4096)
			start[i] = 1;
		munmap(start, MAP_BYTES);
	}
}

/* Waits for the start, then works: a set number of operations, or until told to stop. */
_Noreturn static void worker_run(const struct row *row, int counting, const int gate[2])
{
	long batch = row->operations / 16 + 1;
	char byte;

	close(gate[1]);
	if (read(gate[0], &byte, 1) != 0)
		_exit(1);
	if (counting) {
		row->operate(row->operations);
		_exit(0);
	}
	while (!atomic_load(&board->stop)) {
		row->operate(batch);
		atomic_fetch_add(&board->workers[worker].done, batch);
	}
	_exit(0);
}

static void time_pass(uint64_t ns)
{
	const struct timespec length = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	nanosleep(&length, NULL);
}

static double seconds_run(const struct row *row)
{
	uint64_t begin, end;
	long before = 0, after = 0;

	/* The first tenth warms up. */
	time_pass(bench_scale_ns / 10);
	begin = bench_clock_ns();
	for (int i = 0; i < row->processes; i++)
		before += atomic_load(&board->workers[i].done);
	time_pass(bench_scale_ns);
	for (int i = 0; i < row->processes; i++)
		after += atomic_load(&board->workers[i].done);

	end = bench_clock_ns();
	atomic_store(&board->stop, 1);
	return (double)(after - before) * 1e9 / (double)(end - begin);
}

void scale_measure(const struct row *row, int counting, double *value)
{
	pid_t pids[PROCESS_LIMIT];
	int gate[2];

	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (board == MAP_FAILED)
		bench_fail("mmap");
	bench_check(pipe(gate), "pipe");
	for (worker = 0; worker < row->processes; worker++) {
		pids[worker] = fork();
		bench_check(pids[worker], "fork");
		if (pids[worker] == 0)
			worker_run(row, counting, gate);
	}

	uint64_t begin = machine_counter();

	/* The last writing end goes, and all workers read the end of the pipe. */
	close(gate[1]);
	if (!counting)
		*value = seconds_run(row);
	for (int i = 0; i < row->processes; i++) {
		int status;

		if (waitpid(pids[i], &status, 0) != pids[i] || status)
			bench_fail("worker");
	}
	if (counting)
		*value = bench_ticks_to_instructions(machine_counter() - begin) /
			 (double)(row->operations * row->processes);
}

#define SCALE(what, meaning_, count_, operate_, processes_) { \
	.name = "scale_" what "_" #processes_, .meaning = meaning_ ", " #processes_ " at once", \
	.operations = count_, .operate = operate_, .processes = processes_ }
#define SCALES(what, meaning_, count_, operate_) \
	SCALE(what, meaning_, count_, operate_, 1), SCALE(what, meaning_, count_, operate_, 2), \
	SCALE(what, meaning_, count_, operate_, 4)

static const struct row rows[] = {
	SCALES("compute", "4000 instructions of computation", 500, compute_operate),
	SCALES("getpid", "getpid", 3000, getpid_operate),
	SCALES("open", "open and close of a file of one's own", 500, open_operate),
	SCALES("pipe", "a byte into a pipe of one's own and out", 1000, pipe_operate),
	SCALES("fork", "fork, exit, wait", 32, fork_operate),
	SCALES("mmap", "map, touch and unmap 64 KB", 64, map_operate),
};

const struct row_table scale_table = { rows, ROW_COUNT(rows) };

/* The order checker must notice what it is for; it is silent in builds that are not debug
 * builds. */
#include "base/test.h"
#include "sync/lock_check.h"
#include "sync/spin_lock.h"

TEST(lock_check, notices_sleeping_with_preemption_off)
{
	uint64_t before = lock_check_report_count();
	bool is_checked = DEBUG_BUILD && context_current()->locks;

	assert_may_sleep();
	EXPECT_EQUAL(lock_check_report_count(), before);
	preemption_disable();
	assert_may_sleep();
	preemption_enable();
	EXPECT_EQUAL(lock_check_report_count(), before + is_checked);
}

TEST(lock_check, notices_sleeping_with_interrupts_masked)
{
	uint64_t before = lock_check_report_count();
	bool is_checked = DEBUG_BUILD && context_current()->locks;
	bool were_enabled = interrupts_disable();

	assert_may_sleep();
	interrupts_restore(were_enabled);
	EXPECT_EQUAL(lock_check_report_count(), before + is_checked);
}

TEST(lock_check, what_interrupts_take_comes_last)
{
#define CONTEXT_OF(name, context) context,
	static const uint8_t contexts[] = { LOCK_CLASSES(CONTEXT_OF) };

	for (size_t i = 1; i < ARRAY_SIZE(contexts); i++)
		EXPECT(contexts[i - 1] <= contexts[i]);
}

TEST(lock_check, notices_disorder)
{
	static struct spin_lock outer = SPIN_LOCK_INITIALIZER(LOCK_TASK_TREE);
	static struct spin_lock inner = SPIN_LOCK_INITIALIZER(LOCK_FUTEX);
	uint64_t before = lock_check_report_count();
	/* Contexts without a trace, as on the host, are not checked. */
	bool is_checked = DEBUG_BUILD && context_current()->locks;

	spin_lock(&outer);
	spin_lock(&inner);
	spin_unlock(&inner);
	spin_unlock(&outer);
	EXPECT_EQUAL(lock_check_report_count(), before);
	spin_lock(&inner);
	spin_lock(&outer);
	spin_unlock(&outer);
	spin_unlock(&inner);
	EXPECT_EQUAL(lock_check_report_count(), before + is_checked);
}

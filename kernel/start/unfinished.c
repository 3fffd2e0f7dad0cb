/*
 * Weak stand-ins for what is being written: real definitions replace them at link time.
 */
long epoll_file_gone(void); __attribute__((weak)) long epoll_file_gone(void) { return -38; }
long eventfd_create(void); __attribute__((weak)) long eventfd_create(void) { return -38; }
long file_copy_range(void); __attribute__((weak)) long file_copy_range(void) { return -38; }
long file_send(void); __attribute__((weak)) long file_send(void) { return -38; }
long pidfd_create(void); __attribute__((weak)) long pidfd_create(void) { return -38; }
long pidfd_process(void); __attribute__((weak)) long pidfd_process(void) { return -38; }
long pipe_capacity_get(void); __attribute__((weak)) long pipe_capacity_get(void) { return -38; }
long pipe_capacity_set(void); __attribute__((weak)) long pipe_capacity_set(void) { return -38; }
long pipe_create(void); __attribute__((weak)) long pipe_create(void) { return -38; }
long pipe_open_fifo(void); __attribute__((weak)) long pipe_open_fifo(void) { return -38; }
long pipe_splice(void); __attribute__((weak)) long pipe_splice(void) { return -38; }
long pipe_tee(void); __attribute__((weak)) long pipe_tee(void) { return -38; }
long poll_restart(void); __attribute__((weak)) long poll_restart(void) { return -38; }
long signalfd_change(void); __attribute__((weak)) long signalfd_change(void) { return -38; }
long signalfd_create(void); __attribute__((weak)) long signalfd_create(void) { return -38; }
long sys_epoll_create(void); __attribute__((weak)) long sys_epoll_create(void) { return -38; }
long sys_epoll_create1(void); __attribute__((weak)) long sys_epoll_create1(void) { return -38; }
long sys_epoll_ctl(void); __attribute__((weak)) long sys_epoll_ctl(void) { return -38; }
long sys_epoll_pwait(void); __attribute__((weak)) long sys_epoll_pwait(void) { return -38; }
long sys_epoll_pwait2(void); __attribute__((weak)) long sys_epoll_pwait2(void) { return -38; }
long sys_epoll_wait(void); __attribute__((weak)) long sys_epoll_wait(void) { return -38; }
long sys_poll(void); __attribute__((weak)) long sys_poll(void) { return -38; }
long sys_ppoll(void); __attribute__((weak)) long sys_ppoll(void) { return -38; }
long sys_pselect6(void); __attribute__((weak)) long sys_pselect6(void) { return -38; }
long sys_select(void); __attribute__((weak)) long sys_select(void) { return -38; }
long terminal_start(void); __attribute__((weak)) long terminal_start(void) { return 0; }
long timerfd_create_file(void); __attribute__((weak)) long timerfd_create_file(void) { return -38; }
long timerfd_read_setting(void); __attribute__((weak)) long timerfd_read_setting(void) { return -38; }
long timerfd_set(void); __attribute__((weak)) long timerfd_set(void) { return -38; }
extern unsigned pipe_capacity_maximum; __attribute__((weak)) unsigned pipe_capacity_maximum = 1048576;

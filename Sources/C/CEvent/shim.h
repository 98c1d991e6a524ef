// libevent: the loop, buffered sockets, listeners, TLS.
// glibc's headers come first: libevent's define _GNU_SOURCE, which would give fd_set two definitions.
#pragma once
#include <sys/types.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/socket.h>
#include <sys/eventfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include <pthread.h>
#include <stdint.h>
#include <event2/event.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <event2/util.h>

// eventfd(2) is not visible to Swift.
static inline int cevent_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
static inline void cevent_eventfd_signal(int fd) { uint64_t one = 1; ssize_t n = write(fd, &one, sizeof one); (void)n; }
static inline void cevent_eventfd_clear(int fd) { uint64_t value; ssize_t n = read(fd, &value, sizeof value); (void)n; }

// pthread_setname_np(3) needs _GNU_SOURCE, which Swift's view of glibc lacks. At most 15 bytes.
int pthread_setname_np(pthread_t thread, const char *name);
static inline int cevent_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }
